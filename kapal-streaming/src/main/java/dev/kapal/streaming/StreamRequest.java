package dev.kapal.streaming;

import java.util.List;

/** What a one-time URL stands for (CRI v1: Exec, Attach, PortForward). */
public sealed interface StreamRequest {

  /** The first part of the URL's path. */
  String path();

  /**
   * A command in a container.
   *
   * @param containerId which container
   * @param command the program and its arguments
   * @param input the client sends standard input
   * @param output the client gets standard output
   * @param error the client gets standard error; never with a terminal
   * @param terminal the command gets a terminal
   */
  record Exec(
      String containerId,
      List<String> command,
      boolean input,
      boolean output,
      boolean error,
      boolean terminal)
      implements StreamRequest {
    public Exec {
      command = List.copyOf(command);
    }

    @Override
    public String path() {
      return "exec";
    }
  }

  /**
   * The streams of a container's first process; the fields are as in {@link Exec}.
   *
   * @param containerId which container
   * @param input the client sends standard input
   * @param output the client gets standard output
   * @param error the client gets standard error
   * @param terminal the container has a terminal
   */
  record Attach(String containerId, boolean input, boolean output, boolean error, boolean terminal)
      implements StreamRequest {
    @Override
    public String path() {
      return "attach";
    }
  }

  /**
   * Connections to ports inside a pod.
   *
   * @param sandboxId which pod
   * @param ports the ports, used by clients of the WebSocket protocol; with SPDY each stream names
   *     its own
   */
  record PortForward(String sandboxId, List<Integer> ports) implements StreamRequest {
    public PortForward {
      ports = List.copyOf(ports);
    }

    @Override
    public String path() {
      return "portforward";
    }
  }
}
