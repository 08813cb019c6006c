package dev.kapal.runtime.oci;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.ExitStatus;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.SpawnOptions;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.RuntimeFeatures;
import dev.kapal.runtime.Tier;
import dev.kapal.runtime.driver.RuntimeMessages;
import dev.kapal.runtime.driver.Strays;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The runtime's program: runs its short commands, and knows what it told about itself. Nothing is
 * executed before it is asked for.
 */
final class OciBinary {
  /** A runtime gets nothing of our environment. */
  static final String PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  private static final int MOST = 4 << 20;
  private static final Duration PROBE = Duration.ofSeconds(10);
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  /** What a command printed, and how it ended. */
  record Result(ExitStatus exit, String out, String err) {
    boolean ok() {
      return exit.shellCode() == 0;
    }
  }

  private final Linux linux;
  private final OciRuntimeConfig config;
  private Optional<String> version = Optional.empty();
  private Optional<RuntimeFeatures> features = Optional.empty();

  OciBinary(Linux linux, OciRuntimeConfig config) {
    this.linux = linux;
    this.config = config;
  }

  /** How it is named in errors. */
  String title() {
    return config.name() + " (" + config.binary() + ")";
  }

  /**
   * Runs it to its end.
   *
   * @param doing what for, as in "Cannot …"
   * @throws ContainerException if it cannot be executed or does not end in time
   */
  Result run(String doing, List<String> arguments, Duration limit) {
    List<String> command = new ArrayList<>(List.of(config.binary().toString()));
    command.addAll(arguments);
    try (Descriptors.Pipe out = linux.descriptors().pipe(0);
        Descriptors.Pipe err = linux.descriptors().pipe(0)) {
      linux.sockets().nonBlocking(out.reader(), true);
      linux.sockets().nonBlocking(err.reader(), true);
      int pid = spawn(doing, command, out, err);
      out.writer().close();
      err.writer().close();
      ByteArrayOutputStream printed = new ByteArrayOutputStream();
      ByteArrayOutputStream complained = new ByteArrayOutputStream();
      long end = System.nanoTime() + limit.toNanos();
      for (long pause = 200_000; ; pause = Math.min(5_000_000, pause * 5 / 4)) {
        Optional<ExitStatus> exit = linux.processes().tryWait(pid);
        drain(out.reader(), printed);
        drain(err.reader(), complained);
        if (exit.isPresent()) {
          return new Result(exit.get(), text(printed), text(complained));
        }
        boolean endless = printed.size() >= MOST || complained.size() >= MOST;
        if (endless || System.nanoTime() > end) {
          Strays.kill(linux, pid, "");
          linux.processes().waitpid(pid);
          throw new ContainerException.Failed(
              "Cannot "
                  + doing
                  + ": "
                  + title()
                  + (endless
                      ? " prints without end; is it an OCI runtime?"
                      : " did not answer within "
                          + seconds(limit)
                          + "; it was killed. Try the command by hand, or raise the time-out"));
        }
        LockSupport.parkNanos(pause);
      }
    }
  }

  static String seconds(Duration time) {
    return time.toMillis() < 10_000 ? time.toMillis() + " ms" : time.toSeconds() + " s";
  }

  private int spawn(
      String doing, List<String> command, Descriptors.Pipe out, Descriptors.Pipe err) {
    try {
      return linux
          .processes()
          .spawn(
              config.binary().toString(),
              command,
              List.of(PATH),
              Map.of(1, out.writer(), 2, err.writer()),
              SpawnOptions.DEFAULT.in("/").inNewSession());
    } catch (ErrnoException e) {
      throw notExecutable(doing, e.errno());
    }
  }

  /** The program itself cannot be executed. */
  ContainerException notExecutable(String doing, Errno errno) {
    String why =
        switch (errno.name()) {
          case "ENOENT" ->
              "it does not exist, or the loader that it names does not: install it, or correct its path in the configuration";
          case "EACCES" -> "it is no executable file: check its mode and its file system's options";
          case "ENOEXEC" ->
              "it is no program for this machine ("
                  + System.getProperty("os.arch")
                  + "): install the build for this architecture";
          default -> errno.message() + " (" + errno.name() + ")";
        };
    return new ContainerException.Unsupported(
        "Cannot " + doing + ": " + title() + " cannot be executed: " + why);
  }

  private void drain(Fd from, ByteArrayOutputStream to) {
    byte[] buffer = new byte[16384];
    try {
      for (int got;
          to.size() < MOST
              && (got = linux.descriptors().read(from, buffer, 0, buffer.length)) > 0; ) {
        to.write(buffer, 0, got);
      }
    } catch (ErrnoException e) {
      if (!e.is(Errno.EAGAIN)) {
        throw e;
      }
    }
  }

  private static String text(ByteArrayOutputStream bytes) {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  /** First line of {@code --version}, asked for once. */
  synchronized String version() {
    if (version.isEmpty()) {
      Result result = run("ask for the version of " + config.name(), List.of("--version"), PROBE);
      Optional<String> line =
          result.ok()
              ? result.out().lines().filter(l -> !l.isBlank()).findFirst()
              : Optional.empty();
      version =
          Optional.of(
              line.filter(l -> l.length() <= 200)
                  .orElseThrow(() ->
                      new ContainerException.Failed(
                          "Cannot ask for the version of "
                              + config.name()
                              + ": "
                              + title()
                              + " ended with "
                              + result.exit().shellCode()
                              + " and said "
                              + RuntimeMessages.error("", result.err()).orElse("nothing")
                              + "; is it an OCI runtime?")));
    }
    return version.get();
  }

  /** A sandbox stops its own kernel; others are stopped by their cgroup. */
  boolean pauses() {
    return config.tier() != Tier.NATIVE || !config.ignoresCgroups();
  }

  /** What {@code features} says, asked for once; where it says nothing, what is always there. */
  synchronized RuntimeFeatures features() {
    if (features.isEmpty()) {
      features = Optional.of(probe());
    }
    return features.get();
  }

  private RuntimeFeatures probe() {
    boolean cgroups = !config.ignoresCgroups();
    boolean plain = config.tier() == Tier.NATIVE;
    try {
      Result result = run("ask for the features of " + config.name(), List.of("features"), PROBE);
      JsonNode linux = MAPPER.readTree(result.ok() ? result.out() : "{}").path("linux");
      boolean user = plain;
      for (JsonNode namespace : linux.path("namespaces")) {
        user |= namespace.asString("").equals("user");
      }
      boolean idmap = linux.path("mountExtensions").path("idmap").path("enabled").asBoolean(false);
      return new RuntimeFeatures(true, pauses(), cgroups, plain, user, idmap, true);
    } catch (JacksonException _) {
      return new RuntimeFeatures(true, pauses(), cgroups, plain, plain, false, true);
    } catch (ContainerException _) {
      return new RuntimeFeatures(false, false, false, false, false, false, false);
    }
  }
}
