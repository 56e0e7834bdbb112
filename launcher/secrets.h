/* Removes secrets from the command line. */
#ifndef PHYSIOLOGY_LAUNCHER_SECRETS_H
#define PHYSIOLOGY_LAUNCHER_SECRETS_H

/* Moves the values of secret flags from the arguments to environment variables, and wipes them:
 * all users of a machine can read a command line, but only the owner of a process its environment.
 * `arguments` is a NULL-terminated list, which is modified in place. */
void move_secrets_to_environment(char **arguments);

#endif
