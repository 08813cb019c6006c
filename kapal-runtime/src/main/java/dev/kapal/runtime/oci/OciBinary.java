package dev.kapal.runtime.oci;

import dev.kapal.linux.Errno;
import dev.kapal.linux.Linux;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.RuntimeFeatures;
import dev.kapal.runtime.Tier;
import dev.kapal.runtime.driver.HostCommand;
import dev.kapal.runtime.driver.RuntimeMessages;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The runtime's program: runs its short commands, and knows what it told about itself. Nothing is
 * executed before it is asked for.
 */
final class OciBinary {
  private static final Duration PROBE = Duration.ofSeconds(10);
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private final OciRuntimeConfig config;
  private final HostCommand command;
  private Optional<String> version = Optional.empty();
  private Optional<RuntimeFeatures> features = Optional.empty();
  private boolean criuWorks;

  OciBinary(Linux linux, OciRuntimeConfig config) {
    this.config = config;
    this.command =
        new HostCommand(
            linux,
            config.name() + " (" + config.binary() + ")",
            config.binary().toString(),
            "an OCI runtime");
  }

  /** How it is named in errors. */
  String title() {
    return command.title();
  }

  /**
   * Runs it to its end.
   *
   * @param doing what for, as in "Cannot …"
   * @throws ContainerException if it cannot be executed or does not end in time
   */
  HostCommand.Result run(String doing, List<String> arguments, Duration limit) {
    return command.run(doing, arguments, HostCommand.Surroundings.PLAIN, limit);
  }

  /** The program itself cannot be executed. */
  ContainerException notExecutable(String doing, Errno errno) {
    return command.notExecutable(doing, errno);
  }

  /** First line of {@code --version}, asked for once. */
  synchronized String version() {
    if (version.isEmpty()) {
      HostCommand.Result result =
          run("ask for the version of " + config.name(), List.of("--version"), PROBE);
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

  /** Why it cannot save containers on this host; empty: it can. */
  synchronized Optional<String> whyNoCheckpoints() {
    if (OciCheckpoints.intoCreated(config) || criuWorks) {
      return Optional.empty();
    }
    Optional<String> why = criu();
    criuWorks = why.isEmpty();
    return why;
  }

  private Optional<String> criu() {
    String needs = title() + " needs CRIU for that, ";
    Optional<String> program =
        Stream.of(HostCommand.PATH.substring("PATH=".length()).split(":"))
            .map(directory -> directory + "/criu")
            .filter(path -> Files.isExecutable(Path.of(path)))
            .findFirst();
    if (program.isEmpty()) {
      return Optional.of(
          needs
              + "which is not installed: install criu, or use a runtime that saves containers itself, such as runsc");
    }
    try {
      HostCommand.Result result =
          new HostCommand(command.linux(), "CRIU (" + program.get() + ")", program.get(), "CRIU")
              .run("check CRIU", List.of("check"), HostCommand.Surroundings.PLAIN, PROBE);
      return result.ok()
          ? Optional.empty()
          : Optional.of(
              needs
                  + "which does not work on this host: `"
                  + program.get()
                  + " check` says: "
                  + RuntimeMessages.error("", result.err()).orElse("nothing")
                  + "; install one that knows this kernel, or use a runtime that saves containers itself, such as runsc");
    } catch (ContainerException e) {
      return Optional.of(needs + "which cannot be asked: " + e.getMessage());
    }
  }

  /** What {@code features} says, asked for once; where it says nothing, what is always there. */
  synchronized RuntimeFeatures features() {
    if (features.isEmpty()) {
      features = Optional.of(probe());
    }
    RuntimeFeatures told = features.get();
    return told.exec() && whyNoCheckpoints().isEmpty() ? told.withCheckpoint(true) : told;
  }

  /**
   * Whatever the program can: the ids of images' layers are mapped by the native runtime alone, and
   * so there are no user namespaces ({@link OciCreation} refuses them).
   */
  private RuntimeFeatures features(boolean cgroups, boolean idmap, boolean recursive) {
    boolean pods = config.tier() == Tier.NATIVE || config.wholePods();
    return new RuntimeFeatures(true, pauses(), cgroups, pods, false, idmap, true, false, recursive);
  }

  private RuntimeFeatures probe() {
    boolean cgroups = !config.ignoresCgroups();
    try {
      HostCommand.Result result =
          run("ask for the features of " + config.name(), List.of("features"), PROBE);
      JsonNode document = MAPPER.readTree(result.ok() ? result.out() : "{}");
      JsonNode linux = document.path("linux");
      boolean idmap = linux.path("mountExtensions").path("idmap").path("enabled").asBoolean(false);
      boolean recursive = false;
      for (JsonNode option : document.path("mountOptions")) {
        recursive |= option.asString("").equals("rro");
      }
      return features(cgroups, idmap, recursive);
    } catch (JacksonException _) {
      return features(cgroups, false, false);
    } catch (ContainerException _) {
      return new RuntimeFeatures(false, false, false, false, false, false, false, false, false);
    }
  }
}
