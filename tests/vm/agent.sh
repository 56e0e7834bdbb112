#!/bin/sh
# Reads commands from its standard input, runs each of them once, and writes the answers to its
# standard output.
# Usage: agent.sh FOLDER
#   FOLDER  stores the last answer, so that a restarted agent can send it again
#
# A line in either direction is "CHECKSUM BODY"; the checksum is the MD5 of the body with its
# newline. The body of a request is "ID COMMAND", the body of an answer is "ID STATUS OUTPUT" with
# the output in base64. A request with the id of the last one gets the same answer again. A line
# that does not match its checksum gets "damaged". An emulated processor starts processes slowly,
# so the agent starts few of them.
folder=$1
mkdir -p "$folder"
answer=$(cat "$folder/answer" 2>/dev/null)
unfinished=$(echo 'The agent ended before the command' | base64 -w 0)

set_sum() { # text
  sum=$(md5sum <<END
$1
END
)
  sum=${sum%% *}
}

# Ends a line that a previous agent may not have finished. A virtio port waits here for the host.
echo
while IFS= read -r line; do
  request=${line#* }
  id=${request%% *}
  set_sum "$request"
  if [ "$sum $request" != "$line" ]; then
    echo damaged
    continue
  fi
  if [ "$id" != "${answer%% *}" ]; then
    echo "$id 255 $unfinished" >"$folder/answer"
    sh -c "${request#* }" </dev/null >"$folder/output" 2>&1
    answer="$id $? $(base64 -w 0 "$folder/output")"
    printf '%s\n' "$answer" >"$folder/answer"
  fi
  set_sum "$answer"
  printf '%s %s\n' "$sum" "$answer"
done
