package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.store.Documents;
import dev.kapal.engine.store.ExecRecord;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Records of running execs, a file each in the directory of the container's run: it survives the
 * engine, and goes with the run. Nothing is synced, since no process survives a power loss.
 */
final class ExecFiles {
  private static final System.Logger LOG = System.getLogger(ExecFiles.class.getName());
  private static final String PREFIX = "exec-";

  private final Layout layout;

  ExecFiles(Layout layout) {
    this.layout = layout;
  }

  private Path file(String containerId, String execId) {
    return layout.run(containerId).resolve(PREFIX + execId);
  }

  /** Whole or not at all. */
  void write(String containerId, ExecRecord exec) {
    Path file = file(containerId, exec.id());
    Path draft = file.resolveSibling("." + file.getFileName());
    try {
      Files.writeString(draft, Documents.write(exec));
      Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw Layout.failure("write", file, e);
    }
  }

  /** Forgets one that has ended; the run's directory may be gone already. */
  void remove(String containerId, String execId) {
    Path file = file(containerId, execId);
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot remove " + file, e);
    }
  }

  /** What an engine before this one left; drafts are removed. */
  List<ExecRecord> read(String containerId) {
    List<ExecRecord> all = new ArrayList<>();
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(layout.run(containerId), "{" + PREFIX + "*,." + PREFIX + "*}")) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        if (name.startsWith(".")) {
          Files.delete(file);
          continue;
        }
        try {
          all.add(Documents.read(Files.readString(file), ExecRecord.class, name));
        } catch (EngineException e) {
          LOG.log(System.Logger.Level.WARNING, "an exec is not known any more", e);
          Files.delete(file);
        }
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot read the execs of " + containerId, e);
    }
    return all;
  }
}
