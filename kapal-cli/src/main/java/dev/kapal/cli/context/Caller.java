package dev.kapal.cli.context;

/**
 * Who typed the command, from SO_PEERCRED (unix(7)).
 *
 * @param uid the user
 * @param gid the group
 * @param pid the client's process, in the daemon's pid namespace; 0 when it is not visible there
 */
public record Caller(long uid, long gid, int pid) {}
