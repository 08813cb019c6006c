package dev.kapal.runtime.dropin;

import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.runtime.driver.CriuLog;
import dev.kapal.runtime.wire.MessageWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What {@code checkpoint} and {@code restore} have in common: flags, and where CRIU keeps files.
 */
final class CriuOptions implements AutoCloseable {
  static final Set<String> BOOLEANS =
      Set.of(
          "tcp-established", "ext-unix-sk", "shell-job", "file-locks", "auto-dedup", "lazy-pages");
  static final Set<String> VALUES =
      Set.of(
          "image-path",
          "work-path",
          "manage-cgroups-mode",
          "empty-ns",
          "lsm-profile",
          "lsm-mount-context");

  /** The targets of the standard streams, as runc keeps them, so that either restores both's. */
  static final String DESCRIPTORS = "descriptors.json";

  private static final String CONFIG_ANNOTATION = "org.criu.config";
  private static final String CONFIG = "/etc/criu/runc.conf";
  private static final Map<String, Integer> MODES =
      Map.of("ignore", 0, "soft", 3, "full", 4, "strict", 5);
  private static final int DEFAULT_MODE = 6;
  private static final int DETAILED = 4;

  private final Linux linux;
  private final Flags flags;
  private final String log;
  private final Path work;
  private final Fd images;
  private final Fd workDirectory;
  private final int mode;
  private final List<Fd> opened = new ArrayList<>();

  private CriuOptions(
      Linux linux, Flags flags, String log, Path work, Fd images, Fd workDirectory, int mode) {
    this.linux = linux;
    this.flags = flags;
    this.log = log;
    this.work = work;
    this.images = images;
    this.workDirectory = workDirectory;
    this.mode = mode;
  }

  /**
   * Checks the flags and opens the directories.
   *
   * @param log name of CRIU's log
   * @param make whether a missing directory for images is made
   */
  static CriuOptions open(Session session, Flags flags, String log, boolean make) {
    int mode = flags.value("manage-cgroups-mode").map(CriuOptions::mode).orElse(DEFAULT_MODE);
    for (String kind : flags.all("empty-ns")) {
      if (!kind.equals("network")) {
        throw new CommandFailed("namespace \"" + kind + "\" is not supported");
      }
    }
    Linux linux = session.host().linux();
    Path here = Path.of(session.command().path());
    Path imagePath = here.resolve(flags.value("image-path").orElse("checkpoint")).normalize();
    Path work = flags.value("work-path").map(p -> here.resolve(p).normalize()).orElse(imagePath);
    if (make) {
      Directories.make(linux, imagePath, "directory for images");
    }
    Fd images = Directories.open(linux, imagePath, "directory with images");
    try {
      Directories.make(linux, work, "working directory");
      return new CriuOptions(
          linux,
          flags,
          log,
          work,
          images,
          Directories.open(linux, work, "working directory"),
          mode);
    } catch (RuntimeException e) {
      images.close();
      throw e;
    }
  }

  private static int mode(String name) {
    Integer mode = MODES.get(name);
    if (mode == null) {
      throw new CommandFailed("invalid manage-cgroups-mode value: " + name);
    }
    return mode;
  }

  Fd images() {
    return images;
  }

  /**
   * Fields of criu_opts: the directories. CRIU finds them by way of this process's descriptors,
   * which have to be of CRIU's mount namespace: it mounts something there.
   */
  MessageWriter directories(Criu criu, MessageWriter options) {
    return options
        .given(1, within(criu, images).number())
        .given(17, within(criu, workDirectory).number());
  }

  private Fd within(Criu criu, Fd directory) {
    String path = linux.descriptors().readlinkat(Fd.CWD, "/proc/self/fd/" + directory.number());
    Fd fd = Directories.open(linux, Path.of("/proc/" + criu.pid() + "/root" + path), "directory");
    opened.add(fd);
    return fd;
  }

  /** Fields of criu_opts that both need. */
  MessageWriter message(Map<String, String> annotations) {
    MessageWriter options =
        new MessageWriter()
            .number(9, DETAILED)
            .text(10, log)
            .flag(12, true)
            .flag(4, flags.is("ext-unix-sk"))
            .flag(5, flags.is("tcp-established"))
            .flag(7, flags.is("shell-job"))
            .flag(8, flags.is("file-locks"))
            .flag(16, flags.is("auto-dedup"))
            .given(34, mode)
            // Interfaces, addresses and routes are whoever's who made the network namespace.
            .number(38, NamespaceType.NETWORK.cloneFlag())
            .flag(48, flags.is("lazy-pages"))
            .flag(50, true)
            .text(53, flags.value("lsm-profile").orElse(""))
            .text(63, flags.value("lsm-mount-context").orElse(""));
    String config = annotations.getOrDefault(CONFIG_ANNOTATION, CONFIG);
    return options.text(51, config);
  }

  /** A mount that is not CRIU's to save or make: what it is there, and what it is on this side. */
  static void mount(MessageWriter options, String key, String value) {
    options.message(23, new MessageWriter().text(1, key).text(2, value));
  }

  /** The failure, with what CRIU's log has to say about it. */
  CommandFailed explain(CommandFailed failure) {
    Optional<String> reason = CriuLog.reason(linux, workDirectory, log);
    return new CommandFailed(
        failure.getMessage()
            + reason.map(why -> ": " + why).orElse("")
            + "\nlog file: "
            + work.resolve(log),
        failure);
  }

  /** Name of an external namespace, as runc calls it. */
  static String external(String kind) {
    return kind.equals("net") ? "extRootNetNS" : "extRootPidNS";
  }

  /** The kinds of namespaces that CRIU takes as they are, by their names below /proc/PID/ns. */
  static final List<Map.Entry<NamespaceType, String>> EXTERNAL =
      List.of(Map.entry(NamespaceType.NETWORK, "net"), Map.entry(NamespaceType.PID, "pid"));

  @Override
  public void close() {
    images.close();
    workDirectory.close();
    opened.forEach(Fd::close);
  }
}
