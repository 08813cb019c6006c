package dev.kapal.linux;

import java.time.Duration;
import java.util.List;

/**
 * A process, from /proc/PID/stat, status and cmdline; see proc(5).
 *
 * @param pid process id
 * @param parent process id of its parent
 * @param name the command's name (comm)
 * @param state R, S, D, Z, T, …
 * @param session session id
 * @param terminal device number of the controlling terminal, 0:0 without
 * @param uid real user id
 * @param threads how many
 * @param userTime CPU time in user mode
 * @param systemTime CPU time in the kernel
 * @param startTime clock ticks since boot
 * @param virtualBytes address space
 * @param residentBytes resident memory
 * @param command the command line; empty for kernel threads and zombies
 */
public record ProcessInfo(
    int pid,
    int parent,
    String name,
    char state,
    int session,
    Device terminal,
    long uid,
    int threads,
    Duration userTime,
    Duration systemTime,
    long startTime,
    long virtualBytes,
    long residentBytes,
    List<String> command) {}
