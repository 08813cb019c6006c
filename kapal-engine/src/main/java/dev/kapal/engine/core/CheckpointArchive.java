package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.store.ContainerRecord;
import dev.kapal.engine.store.Documents;
import dev.kapal.image.tar.TarEntry;
import dev.kapal.image.tar.TarWriter;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.oci.runtime.RuntimeConfigJson;
import dev.kapal.runtime.CheckpointSpec;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/**
 * A checkpoint with all that belongs to it, in one tar archive: the layout that the engines of
 * Kubernetes and checkpointctl share.
 */
final class CheckpointArchive {
  private final Hub hub;
  private final Lifecycle lifecycle;

  CheckpointArchive(Hub hub, Lifecycle lifecycle) {
    this.hub = hub;
    this.lifecycle = lifecycle;
  }

  /** Saves a running container, which goes on. */
  void write(Entry e, Path archive, Duration timeout) {
    Path parent = archive.getParent();
    if (!archive.isAbsolute() || parent == null || !Files.isDirectory(parent)) {
      throw new EngineException.InvalidArgument(
          "archive \"" + archive + "\" is not the absolute path of a file in a directory");
    }
    if (Files.exists(archive, LinkOption.NOFOLLOW_LINKS)) {
      throw new EngineException.Conflict(
          archive + " is there already: a checkpoint is never written over a file");
    }
    AtomicBoolean given = new AtomicBoolean(true);
    Future<?> work = hub.pool.submit(() -> locked(e, parent, archive, given));
    try {
      if (timeout.isPositive()) {
        work.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      } else {
        work.get();
      }
    } catch (TimeoutException late) {
      // Whoever comes first: the archive is there, or will never be.
      if (given.getAndSet(false)) {
        throw new EngineException.TimedOut(
            "container "
                + e.name()
                + " was not saved within "
                + timeout.toSeconds()
                + " s: give it more time");
      }
    } catch (InterruptedException ex) {
      given.set(false);
      Thread.currentThread().interrupt();
      throw new EngineException.TimedOut("the checkpoint was interrupted");
    } catch (ExecutionException ex) {
      throw ex.getCause() instanceof RuntimeException r
          ? Failures.of("cannot save the state of container " + e.name(), r)
          : new IllegalStateException(ex.getCause());
    }
  }

  private void locked(Entry e, Path parent, Path archive, AtomicBoolean wanted) {
    e.lock.lock();
    try {
      States.running(e);
      Checkpoints.checkSavable(e);
      Path work = hub.layout.checkpoints(e.id).resolve(".archive");
      Path temporary = parent.resolve("." + archive.getFileName() + "." + e.id.substring(0, 12));
      hub.trees.remove(work);
      try {
        Files.createDirectories(work.resolve("checkpoint"), Layout.PRIVATE);
        fill(e, work);
        Files.deleteIfExists(temporary);
        pack(work, temporary);
        if (wanted.getAndSet(false)) {
          publish(parent, temporary, archive);
          hub.events.publish("container", "checkpoint", e.id, EventAttributes.of(e.record));
        }
      } finally {
        hub.trees.remove(work);
        Files.deleteIfExists(temporary);
      }
    } catch (IOException ex) {
      throw Layout.failure("write the archive", archive, ex);
    } finally {
      e.lock.unlock();
    }
  }

  private void fill(Entry e, Path work) throws IOException {
    Live live = e.live.orElseThrow();
    lifecycle
        .pausing()
        .checkpoint(
            e,
            new CheckpointSpec(
                work.resolve("checkpoint"), true, true, true, !Starter.networked(e.record)));
    boolean paused = pause(live);
    try (OutputStream diff =
        new BufferedOutputStream(Files.newOutputStream(work.resolve("rootfs-diff.tar")))) {
      hub.images.snapshots().diff(e.id, ContainerFileAccess.HOLLOW, diff);
    } finally {
      if (paused) {
        live.container().resume();
      }
    }
    Files.write(work.resolve("spec.dump"), RuntimeConfigJson.write(live.container().config()));
    Files.writeString(work.resolve("config.dump"), Documents.write(config(e)));
  }

  /** Its files stand still while they are read, where it can be paused. */
  private static boolean pause(Live live) {
    try {
      live.container().pause();
      return true;
    } catch (dev.kapal.runtime.ContainerException.Unsupported _) {
      return false;
    }
  }

  private static Map<String, Object> config(Entry e) {
    ContainerRecord c = e.record;
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("id", c.id());
    config.put("name", c.name());
    config.put("rootfsImageName", c.spec().image());
    config.put("rootfsImageRef", c.imageId());
    config.put("runtime", c.runtime());
    config.put("createdTime", c.created().toString());
    config.put("checkpointedTime", Instant.now().toString());
    config.put("restored", false);
    return config;
  }

  private static void pack(Path work, Path to) throws IOException {
    try (FileChannel channel =
        FileChannel.open(to, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
      Files.setPosixFilePermissions(
          to, java.nio.file.attribute.PosixFilePermissions.fromString("rw-------"));
      OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16);
      TarWriter tar = new TarWriter(out);
      for (String name : List.of("config.dump", "spec.dump", "rootfs-diff.tar")) {
        file(tar, work.resolve(name), name);
      }
      tar.begin(TarEntry.directory("checkpoint/", 0700));
      try (Stream<Path> images = Files.list(work.resolve("checkpoint"))) {
        for (Path image : images.filter(Files::isRegularFile).sorted().toList()) {
          file(tar, image, "checkpoint/" + image.getFileName());
        }
      }
      tar.finish();
      out.flush();
      channel.force(true);
    }
  }

  private static void file(TarWriter tar, Path file, String name) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      long size = Files.size(file);
      tar.begin(TarEntry.file(name, size, 0600));
      byte[] buffer = new byte[1 << 16];
      for (int n; (n = in.read(buffer)) > 0; ) {
        tar.write(buffer, 0, n);
      }
    }
  }

  private void publish(Path parent, Path temporary, Path archive) {
    var calls = hub.linux.descriptors();
    try (Fd directory = calls.open(parent.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY)) {
      calls.renameat2(
          directory,
          String.valueOf(temporary.getFileName()),
          directory,
          String.valueOf(archive.getFileName()),
          Fcntl.RENAME_NOREPLACE);
      calls.fsync(directory);
    } catch (ErrnoException ex) {
      throw ex.is(Errno.EEXIST)
          ? new EngineException.Conflict(archive + " is there already", ex)
          : new EngineException.SystemFailure(
              "cannot write " + archive + ": " + ex.getMessage(), ex);
    }
  }
}
