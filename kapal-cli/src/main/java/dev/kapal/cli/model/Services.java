package dev.kapal.cli.model;

import dev.kapal.cli.context.LiveConfiguration;
import dev.kapal.cli.context.Scratch;
import dev.kapal.engine.Engine;
import dev.kapal.linux.Linux;
import java.time.InstantSource;

/**
 * What commands work with; the same for all.
 *
 * @param engine does the work
 * @param configuration of the daemon
 * @param scratch opens engines apart from that one
 * @param linux system calls on the client's descriptors
 * @param clock now
 * @param version of Kapal
 * @param commit of Kapal
 * @param shutdown ends the daemon, soon after it returns
 */
public record Services(
    Engine engine,
    LiveConfiguration configuration,
    Scratch scratch,
    Linux linux,
    InstantSource clock,
    String version,
    String commit,
    Runnable shutdown) {}
