package dev.kapal.cli.context;

import dev.kapal.linux.Fd;

/**
 * The client's three standard streams. The door that received them owns and closes them, after the
 * command has returned.
 *
 * @param input descriptor 0
 * @param output descriptor 1
 * @param error descriptor 2
 * @param inputIsTerminal whether descriptor 0 is a terminal
 * @param outputIsTerminal whether descriptor 1 is a terminal
 * @param errorIsTerminal whether descriptor 2 is a terminal
 */
public record Streams(
    Fd input,
    Fd output,
    Fd error,
    boolean inputIsTerminal,
    boolean outputIsTerminal,
    boolean errorIsTerminal) {}
