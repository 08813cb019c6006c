package dev.kapal.engine;

import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.Resources;
import dev.kapal.engine.spec.RestartPolicy;
import dev.kapal.engine.spec.TerminalSize;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The containers. Every {@code id} is an ID, a unique prefix of one, or a name; every method that
 * takes one throws {@link EngineException.NotFound} when there is none such, and {@link
 * EngineException.InvalidArgument} when a prefix fits several.
 */
public interface Containers {

  /**
   * Makes a container: resolves the image (which must be in the store), takes a snapshot, makes and
   * fills volumes. Nothing runs yet. When it returns the container survives a crash.
   *
   * @throws EngineException.NotFound no such image, network or container to join
   * @throws EngineException.Conflict the name is taken
   */
  Created create(ContainerSpec spec);

  /** A new container's ID and what the engine could not or would not do of the request. */
  record Created(String id, String name, List<String> warnings) {
    public Created {
      warnings = List.copyOf(warnings);
    }
  }

  /**
   * Runs a created or ended container's process.
   *
   * @throws EngineException.Unchanged it runs already
   * @throws EngineException.CommandFailure the program cannot be executed
   */
  void start(String id);

  /**
   * As {@link #start}, and attached from the first byte on. The descriptors of the request are
   * closed or handed on in any case.
   */
  Attachment start(String id, AttachRequest attach);

  /**
   * As create and start with an attachment: what {@code kapal run} does. When starting fails, an
   * auto-removed container is removed before the exception is thrown; another stays, created.
   */
  Running run(ContainerSpec spec, AttachRequest attach);

  /** A container that {@link #run} started. */
  record Running(Created created, Attachment attachment) {}

  /**
   * Asks to end, and kills after a while. Returns when it has ended; a container of a restart
   * policy stays stopped.
   *
   * @param timeout until SIGKILL; empty: the container's own; negative: never
   * @param signal name or number; empty: the container's own
   * @throws EngineException.Unchanged it does not run
   */
  void stop(String id, Optional<Duration> timeout, Optional<String> signal);

  /** Stops it if it runs, and starts it. */
  void restart(String id, Optional<Duration> timeout, Optional<String> signal);

  /**
   * Sends a signal to the container's process.
   *
   * @param signal name with or without SIG, or number
   * @throws EngineException.Conflict it does not run
   */
  void kill(String id, String signal);

  /**
   * Saves a running container's state, if its runtime can. It ends by that unless it is left
   * running; its restart policy does not start it again.
   *
   * @throws EngineException.Unsupported the runtime cannot, or not on this host
   * @throws EngineException.Conflict it does not run, has a terminal, or there is a checkpoint of
   *     that name
   */
  void checkpoint(String id, Checkpoint.Request request);

  /**
   * Its checkpoints, by name.
   *
   * @param directory as given when they were made
   */
  List<Checkpoint> checkpoints(String id, Optional<Path> directory);

  /** Removes one. */
  void removeCheckpoint(String id, Checkpoint.Ref checkpoint);

  /**
   * As {@link #start}, but goes on from a checkpoint of the container. Its files are as they are
   * now, not as they were then.
   *
   * @throws EngineException.Conflict the checkpoint is another runtime's
   */
  void startFrom(String id, Checkpoint.Ref checkpoint);

  /** As {@link #startFrom(String, Checkpoint.Ref)}, and attached; see {@link #start}. */
  Attachment startFrom(String id, Checkpoint.Ref checkpoint, AttachRequest attach);

  /**
   * Saves a running container with all that another host needs to go on with it: a tar archive of
   * config.dump, spec.dump, checkpoint/ and rootfs-diff.tar, as CRI's CheckpointContainer makes it.
   * The container goes on.
   *
   * @param archive a file that is not there yet; it is there whole or not at all
   * @param timeout until the attempt is given up; zero or less: the engine's own limit
   * @throws EngineException.TimedOut it took too long
   */
  void checkpointArchive(String id, Path archive, Duration timeout);

  /** Freezes all processes. */
  void pause(String id);

  /** Thaws them. */
  void unpause(String id);

  /**
   * Removes a container and all it has.
   *
   * @param force kills it if it runs
   * @param volumes removes its anonymous volumes too
   * @throws EngineException.Conflict it runs and force is not set
   */
  void remove(String id, boolean force, boolean volumes);

  /** Gives it another name. */
  void rename(String id, String name);

  /**
   * Changes limits (also of a running container) and the restart policy.
   *
   * @return warnings
   */
  List<String> update(String id, Resources changes, Optional<RestartPolicy> restart);

  /**
   * The containers that pass the filters, newest first.
   *
   * @param all also those that do not run
   * @param filters id, name, label, status, exited, ancestor, before, since, volume, network,
   *     health, publish, expose, is-task (never)
   */
  List<ContainerInfo> list(boolean all, Filters filters);

  /** Everything about one. */
  ContainerInfo inspect(String id);

  /** Bytes that the container itself has written, and with its image. Walks the files. */
  DiskUse size(String id);

  /** Bytes of the writable layer, and of all layers; files of any kind of the writable one. */
  record DiskUse(long writable, long total, long writableFiles) {}

  /**
   * Waits.
   *
   * @return the status with which it ended
   */
  ExitStatus await(String id, WaitCondition condition) throws InterruptedException;

  /** What to wait for. */
  enum WaitCondition {
    /** It does not run, perhaps already. */
    NOT_RUNNING,
    /** It ends (again). */
    NEXT_EXIT,
    /** It has been removed. */
    REMOVED
  }

  /** How a process ended; when it ended by a signal the code is 128 + its number. */
  record ExitStatus(int code, boolean oomKilled, Optional<String> error) {}

  /**
   * What it printed. Close the reader.
   *
   * @throws EngineException.Unsupported its log driver keeps nothing
   */
  LogReader logs(String id, LogOptions options);

  /**
   * Joins descriptors to its streams. On a container that has not been started yet the attachment
   * is held until it is.
   */
  Attachment attach(String id, AttachRequest request);

  /** Sets its terminal's size. */
  void resize(String id, TerminalSize size);

  /**
   * Its processes, as ps(1) shows them.
   *
   * @param psArguments columns: {@code -o pid,comm}, {@code aux}, {@code -ef} (the default)
   */
  ProcessTable top(String id, List<String> psArguments);

  /** Rows of text under titles. */
  record ProcessTable(List<String> titles, List<List<String>> rows) {
    public ProcessTable {
      titles = List.copyOf(titles);
      rows = rows.stream().map(List::copyOf).toList();
    }
  }

  /** One sample; rates are the difference of two. Zeroes when it does not run. */
  ContainerStats stats(String id);

  /** What differs from the image, sorted by path. */
  List<Change> diff(String id);

  /** A file that differs from the image. */
  record Change(Kind kind, String path) {
    /** How. */
    public enum Kind {
      CHANGED,
      ADDED,
      DELETED
    }
  }

  /** What is at a path inside. The last component is not followed. */
  PathStat statPath(String id, String path);

  /**
   * Reads a file or directory as a tar stream whose first entry has the base name of the path.
   *
   * @return what is at the path
   */
  PathStat copyFrom(String id, String path, OutputStream tar);

  /**
   * Unpacks a tar stream into a directory inside.
   *
   * @param keepOwner owners as in the stream; otherwise root
   * @param noOverwriteDirNonDir refuses to replace a directory by a file and the other way round
   */
  void copyTo(
      String id, String path, InputStream tar, boolean keepOwner, boolean noOverwriteDirNonDir);

  /** All its files as a tar stream, mounts excepted. */
  void export(String id, OutputStream tar);

  /**
   * Makes an image of it.
   *
   * @return the image's ID
   */
  String commit(String id, CommitRequest request);

  /**
   * What {@code commit} is to do.
   *
   * @param reference a name for the image; empty: none
   * @param author for the history
   * @param message for the history
   * @param changes Dockerfile instructions: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME,
   *     WORKDIR, STOPSIGNAL
   * @param pause frozen meanwhile
   */
  record CommitRequest(
      Optional<String> reference,
      String author,
      String message,
      List<String> changes,
      boolean pause) {
    public CommitRequest {
      changes = List.copyOf(changes);
    }
  }

  /**
   * Removes those that do not run.
   *
   * @param filters until, label, label!
   */
  PruneReport prune(Filters filters);

  /** Opens the log file anew; for who has moved it away. */
  void reopenLog(String id);

  /**
   * Calls back with each new state of the one container until the returned handle is closed; on a
   * thread of the engine, in order. For doors that push.
   */
  AutoCloseable watch(String id, Consumer<ContainerInfo> onChange);
}
