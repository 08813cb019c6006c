package dev.kapal.runtime.shim;

import static dev.kapal.linux.Fcntl.O_NONBLOCK;
import static dev.kapal.linux.Fcntl.O_RDONLY;
import static dev.kapal.linux.Fcntl.O_RDWR;

import dev.kapal.linux.Device;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.Input;
import dev.kapal.runtime.LogTarget;
import dev.kapal.runtime.driver.LaunchPacket;
import dev.kapal.runtime.driver.LaunchedProcess;
import dev.kapal.runtime.driver.Trees;
import java.util.ArrayList;
import java.util.List;

/**
 * The FIFOs of a process's streams: one end is the shim's, the other the monitor's. The monitor
 * gets its ends before the shim opens any.
 *
 * @param sandbox in whose directory they are
 * @param folder in there
 * @param number of the process
 * @param input whether it has an input
 * @param terminal whether it has a terminal, and therefore no standard error
 */
record Fifos(ShimSandbox sandbox, String folder, int number, boolean input, boolean terminal) {
  private static final int FIFO = 0x1000 | 0600;

  private String name(String kind) {
    return folder + "/" + number + "." + kind;
  }

  /** Makes one; relative to the sandbox's directory. */
  static void make(ShimSandbox sandbox, String name) {
    sandbox
        .host()
        .linux()
        .descriptors()
        .mknodat(sandbox.files().directory(), name, FIFO, new Device(0, 0));
  }

  /** Makes them and gives the monitor its ends. */
  void relay(LaunchedProcess process, LogTarget log, Input kind) {
    List<Fd> ends = new ArrayList<>();
    try {
      int streams = terminal ? 2 | 8 : 2 | 4;
      if (input) {
        // Open for reading too, so that it has not ended before the shim has opened it.
        ends.add(end("in", O_RDWR));
        streams |= 1;
      }
      ends.add(end("out", O_RDONLY));
      if (!terminal) {
        ends.add(end("err", O_RDONLY));
      }
      var _ = process.launch(LaunchPacket.relay(process.number(), log, kind, streams), ends, log);
    } catch (ErrnoException e) {
      throw new ContainerException.Failed(
          "The streams of process " + number + " cannot be made: " + e.getMessage(), e);
    } finally {
      ends.forEach(Fd::close);
    }
  }

  private Fd end(String kind, int mode) {
    make(sandbox, name(kind));
    return sandbox
        .host()
        .linux()
        .descriptors()
        .openat(sandbox.files().directory(), name(kind), mode | O_NONBLOCK);
  }

  /** What the shim is told. */
  TaskService.Io io() {
    return new TaskService.Io(
        terminal,
        input ? sandbox.path(name("in")) : "",
        sandbox.path(name("out")),
        terminal ? "" : sandbox.path(name("err")));
  }

  /** Removes them; harmless when there are none. */
  void remove() {
    for (String kind : List.of("in", "out", "err")) {
      Trees.remove(sandbox.host().linux(), sandbox.files().directory(), name(kind));
    }
  }
}
