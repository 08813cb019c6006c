package dev.kapal.config.check;

import dev.kapal.config.elf.HostFit;
import dev.kapal.config.runtime.PathLookup;
import dev.kapal.linux.CgroupLayout;
import dev.kapal.linux.KernelFeatures;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What checks may ask a host. Nothing here throws for what a host can be like: what is not there is
 * empty. Safe for many threads.
 */
public interface Host {
  /** The text of a small file, such as one of /proc; empty: it cannot be read. */
  Optional<String> text(String path);

  /** What a directory holds, sorted; nothing: there is none. */
  List<String> names(String directory);

  /** Whether a file or directory is there. */
  boolean exists(String path);

  /** What the kernel can do. */
  KernelFeatures kernel();

  /** Where the control groups are. */
  CgroupLayout cgroups();

  /** A directory that things are stored in, tried; empty: it cannot be used at all. */
  Optional<Store> store(Path directory);

  /**
   * What was found by making files in a directory.
   *
   * @param fileSystem its type, such as {@code ext4}
   * @param availableBytes free to everybody
   * @param totalInodes 0: the file system does not count
   * @param freeInodes 0 as well, then
   * @param types whether directory entries tell the files' types
   * @param xattrs whether files take trusted extended attributes
   * @param noExec whether it is mounted so that programs cannot be executed
   * @param readOnly whether nothing can be written
   */
  record Store(
      String fileSystem,
      long totalBytes,
      long availableBytes,
      long totalInodes,
      long freeInodes,
      boolean types,
      boolean xattrs,
      boolean noExec,
      boolean readOnly) {}

  /** Runs a program that is known to be harmless, as one that tells its version, and waits. */
  Ran run(List<String> command, Duration limit);

  /**
   * What a program did.
   *
   * @param status its exit status, 128 + n after signal n; empty: it did not end in time, and was
   *     killed
   * @param out its output
   * @param err its errors, or why it could not be executed
   */
  record Ran(OptionalInt status, String out, String err) {
    /** Whether it said that all is well. */
    public boolean ok() {
      return status.isPresent() && status.getAsInt() == 0;
    }

    /** The first line that is not blank, of its output or else of its errors; at most 200 long. */
    public String firstLine() {
      return (out + "\n" + err)
          .lines()
          .filter(line -> !line.isBlank())
          .findFirst()
          .map(line -> line.length() > 200 ? line.substring(0, 200) + "…" : line.strip())
          .orElse("");
    }
  }

  /** Runs a small guest on a virtual processor, in a process of its own. */
  Guest guest(Duration limit);

  /**
   * How far a guest came.
   *
   * @param step the step that failed; empty: the guest did what it should
   * @param reason of the failure
   */
  record Guest(Optional<Step> step, String reason) {
    /** The steps on the way to a guest that executes. */
    public enum Step {
      PROGRAM,
      OPEN,
      VERSION,
      CREATE_VM,
      MEMORY,
      CREATE_VCPU,
      RUN,
      TIME
    }
  }

  /** Mounts a tiny EROFS image from a file, attached nowhere; empty: it works. */
  Optional<String> erofs();

  /** Reaches a registry's version endpoint; empty: it answers, with whatever status. */
  Optional<String> registry(String address, Duration limit);

  /** Connects to a unix socket and hangs up; empty: somebody listens there. */
  Optional<String> connect(Path socket, Duration limit);

  /** The identity of one of this process's namespaces, such as {@code pid:[4026531836]}. */
  Optional<String> namespace(String kind);

  /** The environment of the daemon. */
  Map<String, String> environment();

  /** How many files a process of the daemon may have open. */
  long fileLimit();

  /** What programs need and this host has. */
  HostFit fit();

  /** Where programs are. */
  PathLookup lookup();

  /** Now. */
  Instant now();
}
