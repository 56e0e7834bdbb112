console.error("physiology_server: nothing to run yet");
Deno.exit(70);
