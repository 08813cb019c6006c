package dev.kapal.runtime.shim;

import dev.kapal.runtime.CheckpointSpec;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerException.LaunchFailed;
import dev.kapal.runtime.ContainerStats;
import dev.kapal.runtime.RootFilesystem;
import dev.kapal.runtime.driver.RuntimeMessages;
import dev.kapal.runtime.ttrpc.TtrpcClient;
import dev.kapal.runtime.ttrpc.TtrpcException;
import dev.kapal.runtime.wire.Message;
import dev.kapal.runtime.wire.MessageWriter;
import dev.kapal.runtime.wire.WireException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * {@code containerd.task.v2.Task} or {@code v3}, whose messages are the same: containers and
 * processes in a shim. A process is named by its container and, unless it is the first one, its
 * exec id.
 */
final class TaskService {
  private static final Duration PATIENT = Duration.ofSeconds(30);

  /** What a process is doing. */
  enum Status {
    UNKNOWN,
    CREATED,
    RUNNING,
    STOPPED,
    PAUSED,
    PAUSING
  }

  /** A process as the shim knows it. */
  record State(int pid, Status status, Exit exit) {}

  /** How a process ended: a code as shells have it, 128 + the signal. */
  record Exit(int code, Instant at) {
    /** As wait(2) would give it: what was a signal cannot be told from a code any more. */
    int waitStatus() {
      return (code < 0 || code > 255 ? 255 : code) << 8;
    }

    /** In ns since the epoch; now where the shim does not say. */
    long nanos() {
      return at.getEpochSecond() <= 0
          ? System.currentTimeMillis() * 1_000_000L
          : at.getEpochSecond() * 1_000_000_000L + at.getNano();
    }

    /** From a status and a google.protobuf.Timestamp. */
    static Exit of(long code, Message time) {
      long seconds = Math.clamp(time.number(1), 0, 1L << 33);
      return new Exit(
          Math.clamp(code & 0xffffffffL, 0, 256),
          Instant.ofEpochSecond(seconds, Math.clamp(time.number(2), 0, 999_999_999)));
    }
  }

  /** Where a process's streams are; an empty path: it has none of that kind. */
  record Io(boolean terminal, String in, String out, String err) {}

  private final TtrpcClient client;
  private final String service;
  private final String title;
  private final Duration limit;
  private volatile boolean hangs;

  TaskService(TtrpcClient client, int version, String title, Duration limit) {
    this.client = client;
    this.service = "containerd.task.v" + version + ".Task";
    this.title = title;
    this.limit = limit;
  }

  /** Whether the last call was not answered in time: not worth waiting for another one. */
  boolean hangs() {
    return hangs;
  }

  private Message call(String doing, String method, MessageWriter request) {
    return call(doing, method, request, limit);
  }

  private Message call(String doing, String method, MessageWriter request, Duration time) {
    try {
      byte[] answer = client.call(service, method, request.toBytes(), time);
      hangs = false;
      return Message.parse(answer);
    } catch (TtrpcException e) {
      hangs = e.code() == TtrpcException.DEADLINE_EXCEEDED;
      throw explain(doing, e);
    } catch (WireException e) {
      throw new ContainerException.Failed(
          "Cannot " + doing + ": the answer of " + title + " is damaged: " + e.getMessage(), e);
    }
  }

  private ContainerException explain(String doing, TtrpcException e) {
    String said = RuntimeMessages.clean(String.valueOf(e.getMessage()));
    String text = "Cannot " + doing + ": " + title + " says: " + said;
    return switch (e.code()) {
      case TtrpcException.NOT_FOUND -> new ContainerException.Gone(text, e);
      case TtrpcException.FAILED_PRECONDITION, TtrpcException.ALREADY_EXISTS ->
          new ContainerException.WrongState(text);
      case TtrpcException.UNIMPLEMENTED -> new ContainerException.Unsupported(text);
      case TtrpcException.INVALID_ARGUMENT -> new ContainerException.Invalid(text, e);
      case TtrpcException.UNAVAILABLE ->
          new ContainerException.Gone("Cannot " + doing + ": " + title + " is gone: " + said, e);
      case TtrpcException.DEADLINE_EXCEEDED, TtrpcException.CANCELLED ->
          new ContainerException.Failed(
              "Cannot " + doing + ": " + title + " does not answer: " + said, e);
      default -> new ContainerException.Failed(text, e);
    };
  }

  /** A launch that failed: whether it was the program's fault can be read from the message. */
  private Message launch(String doing, String method, MessageWriter request, Duration time) {
    try {
      return call(doing, method, request, time);
    } catch (ContainerException.Failed e) {
      LaunchFailed.Kind kind = RuntimeMessages.kind(String.valueOf(e.getMessage()));
      if (e.getCause() instanceof TtrpcException cause
          && cause.code() == TtrpcException.DEADLINE_EXCEEDED) {
        throw e;
      }
      throw new LaunchFailed(String.valueOf(e.getMessage()), kind, Optional.empty(), "");
    } catch (ContainerException.Gone | ContainerException.Invalid e) {
      LaunchFailed.Kind kind = RuntimeMessages.kind(String.valueOf(e.getMessage()));
      if (kind == LaunchFailed.Kind.SETUP) {
        throw e;
      }
      throw new LaunchFailed(String.valueOf(e.getMessage()), kind, Optional.empty(), "");
    }
  }

  private static MessageWriter process(String id, String exec) {
    return new MessageWriter().text(1, id).text(2, exec);
  }

  /**
   * Creates a container, whose process waits; its process id.
   *
   * @param checkpoint directory of what it goes on from; empty: it begins. Some shims have no
   *     process then before the start
   */
  int create(
      String doing,
      String id,
      String bundle,
      Optional<RootFilesystem.Overlay> root,
      Io io,
      String checkpoint,
      Optional<MessageWriter> options,
      Duration time) {
    MessageWriter request = new MessageWriter().text(1, id).text(2, bundle);
    root.ifPresent(overlay -> request.message(3, mount(overlay)));
    request.flag(4, io.terminal()).text(5, io.in()).text(6, io.out()).text(7, io.err());
    request.text(8, checkpoint);
    options.ifPresent(any -> request.message(10, any));
    return (int) launch(doing, "Create", request, time).number(1);
  }

  private static MessageWriter mount(RootFilesystem.Overlay overlay) {
    List<String> options = new ArrayList<>();
    options.add(
        "lowerdir="
            + overlay.lower().stream().map(Path::toString).collect(Collectors.joining(":")));
    options.add("upperdir=" + overlay.upper());
    options.add("workdir=" + overlay.work());
    options.addAll(overlay.options());
    return new MessageWriter().text(1, "overlay").text(2, "overlay").texts(4, options);
  }

  /** Adds a process; it waits. */
  void exec(String doing, String id, String exec, Io io, byte[] process) {
    launch(
        doing,
        "Exec",
        process(id, exec)
            .flag(3, io.terminal())
            .text(4, io.in())
            .text(5, io.out())
            .text(6, io.err())
            .message(7, Any.of(Any.PROCESS, process)),
        limit);
  }

  /** Lets it run; its process id. */
  int start(String doing, String id, String exec, Duration time) {
    return (int) launch(doing, "Start", process(id, exec), time).number(1);
  }

  State state(String id, String exec) {
    Message m = call("ask for the state of container " + id, "State", process(id, exec));
    Status[] all = Status.values();
    long status = m.number(4);
    return new State(
        (int) m.number(3),
        status >= 0 && status < all.length ? all[(int) status] : Status.UNKNOWN,
        Exit.of(m.number(9), m.message(10)));
  }

  void kill(String id, String exec, int signal, boolean all) {
    call("signal container " + id, "Kill", process(id, exec).number(3, signal).flag(4, all));
  }

  /** Drops what has ended. */
  Exit delete(String id, String exec) {
    Message m = call("delete container " + id, "Delete", process(id, exec));
    return Exit.of(m.number(2), m.message(3));
  }

  void resize(String id, String exec, int rows, int columns) {
    call(
        "resize the terminal of container " + id,
        "ResizePty",
        process(id, exec).number(3, columns).number(4, rows));
  }

  void closeInput(String id, String exec) {
    call("close the input of container " + id, "CloseIO", process(id, exec).flag(3, true));
  }

  void pause(String id) {
    call("pause container " + id, "Pause", new MessageWriter().text(1, id));
  }

  void resume(String id) {
    call("resume container " + id, "Resume", new MessageWriter().text(1, id));
  }

  /**
   * Saves a container.
   *
   * @param runc it takes the options of runc's shim; any other one gets none, and can neither be
   *     told to end the container nor anything else
   */
  void checkpoint(
      String doing, String id, CheckpointSpec spec, String work, boolean runc, Duration time) {
    MessageWriter request = new MessageWriter().text(1, id).text(2, spec.directory().toString());
    if (runc) {
      request.message(
          3,
          Any.of(
              Any.RUNC_CHECKPOINT,
              new MessageWriter()
                  .flag(1, !spec.leaveRunning())
                  .flag(2, spec.tcpEstablished())
                  .flag(5, spec.fileLocks())
                  .text(8, spec.directory().toString())
                  .text(9, work)
                  .toBytes()));
    }
    call(doing, "Checkpoint", request, time);
  }

  void update(String id, byte[] resources) {
    call(
        "change the limits of container " + id,
        "Update",
        new MessageWriter().text(1, id).message(2, Any.of(Any.RESOURCES, resources)));
  }

  List<Integer> pids(String id) {
    return call("list the processes of container " + id, "Pids", new MessageWriter().text(1, id))
        .messages(1)
        .stream()
        .map(p -> (int) p.number(1))
        .toList();
  }

  ContainerStats stats(String id) {
    try {
      return Metrics.parse(
          call("read the usage of container " + id, "Stats", new MessageWriter().text(1, id))
              .message(1));
    } catch (WireException e) {
      throw new ContainerException.Failed(
          "Cannot read the usage of container " + id + ": the answer of " + title + " is damaged",
          e);
    }
  }

  /** Process id of the shim. */
  int shimPid(String id) {
    return (int) call("greet " + title, "Connect", new MessageWriter().text(1, id)).number(1);
  }

  /** Has the shim end, unless it has other containers. */
  void shutdown(String id) {
    call("end " + title, "Shutdown", new MessageWriter().text(1, id), PATIENT);
  }

  /** Asks to be told of an end, which may be days away. */
  TtrpcClient.Call startWait(String id, String exec) {
    return client.start(service, "Wait", process(id, exec).toBytes(), Duration.ZERO);
  }

  /** What comes of it. */
  static Exit waited(byte[] answer) {
    Message m = Message.parse(answer);
    return Exit.of(m.number(1), m.message(2));
  }
}
