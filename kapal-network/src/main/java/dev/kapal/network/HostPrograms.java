package dev.kapal.network;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Runs the host's own programs for networks: nft, iptables, ip. */
final class HostPrograms {
  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  private final PluginRunner runner;

  HostPrograms(PluginRunner runner) {
    this.runner = runner;
  }

  /** Where a program is installed. */
  static Optional<Path> find(String name) {
    for (String directory : Plugins.SEARCH_PATH.split(":")) {
      Path file = Path.of(directory, name);
      if (Files.isExecutable(file)) {
        return Optional.of(file);
      }
    }
    return Optional.empty();
  }

  PluginRunner.Outcome run(Path program, List<String> arguments, String input) {
    List<String> argv = new ArrayList<>();
    argv.add(program.toString());
    argv.addAll(arguments);
    try {
      return runner.run(
          argv,
          Map.of("PATH", Plugins.SEARCH_PATH, "LC_ALL", "C"),
          input.getBytes(StandardCharsets.UTF_8),
          TIMEOUT);
    } catch (IOException e) {
      throw new NetworkException.State("cannot start " + program + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new NetworkException.State("interrupted while " + program + " ran", e);
    }
  }
}
