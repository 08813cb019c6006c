package dev.kapal.config;

import dev.kapal.config.elf.HostFit;
import dev.kapal.config.runtime.KataPaths;
import dev.kapal.config.runtime.RuntimeNames;
import dev.kapal.config.text.ConfigException;
import dev.kapal.config.text.ConfigFiles;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.Position;
import dev.kapal.config.text.TomlWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Adds a runtime to the configuration, as {@code runsc install} does for Docker. */
public final class RuntimeInstaller {
  private final ConfigSource source;
  private final HostFit host;

  public RuntimeInstaller(ConfigSource source, HostFit host) {
    this.source = source;
    this.host = host;
  }

  /**
   * What was installed.
   *
   * @param file the drop-in
   * @param text what stands in it now
   * @param replaced whether a runtime of that name was installed before
   * @param warnings what will perhaps go wrong
   */
  public record Installed(Path file, String text, boolean replaced, List<String> warnings) {
    public Installed {
      warnings = List.copyOf(warnings);
    }
  }

  /**
   * Writes a table {@code runtimes.NAME} into a drop-in of its own. A shim ({@code
   * containerd-shim-*}) is known by its file's name.
   *
   * @param args before the command; none for a shim
   * @throws ConfigException.NotInstalled when name or program will not do
   * @throws ConfigException.Invalid when the configuration would not be whole with it
   * @throws ConfigException.FileFailed when the drop-in cannot be written
   */
  public Installed install(String name, Path program, List<String> args) {
    checkName(name);
    checkProgram(name, program);
    boolean shim = ConfigFiles.name(program).startsWith("containerd-shim-");
    if (shim && !args.isEmpty()) {
      throw new ConfigException.NotInstalled(
          "runtime \"" + name + "\" was not installed: a shim takes no arguments; leave them out");
    }
    StringBuilder text = new StringBuilder("# Written by kapal runtime install.\n");
    text.append("[runtimes.").append(TomlWriter.key(name)).append("]\n");
    text.append("kind = ").append(shim ? "\"shim\"" : "\"oci\"").append('\n');
    text.append("path = ").append(value(new Node.Text(Position.DEFAULT, program.toString())));
    if (!args.isEmpty()) {
      text.append("args = ").append(value(Node.Array.of(Position.DEFAULT, args)));
    }
    Path file = source.dropIns().resolve("60-runtime-" + name + ".toml");
    source.loadWith(file, text.toString()).orElseThrow();
    boolean replaced = Files.exists(file);
    ConfigFiles.write(file, text.toString());
    return new Installed(file, text.toString(), replaced, host.obstacles(program));
  }

  private static String value(Node node) {
    return TomlWriter.value(node) + "\n";
  }

  private static void checkName(String name) {
    if (name.equals(RuntimeNames.BUILT_IN)) {
      throw new ConfigException.NotInstalled(
          "runtime \"native\" was not installed: the name is that of Kapal's own; choose another");
    }
    if (RuntimeNames.shimProgram(name).isPresent()) {
      throw new ConfigException.NotInstalled(
          "runtime \""
              + name
              + "\" was not installed: that is the type of a shim, which needs no installing;"
              + " choose a plain name");
    }
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")) {
      throw new ConfigException.NotInstalled(
          "runtime \""
              + name
              + "\" was not installed: a name is up to 64 letters, digits, \"_\", \".\", \"-\"");
    }
  }

  private static void checkProgram(String name, Path program) {
    String what = "runtime \"" + name + "\" was not installed: " + program;
    if (!program.isAbsolute() || !program.normalize().equals(program)) {
      throw new ConfigException.NotInstalled(
          what + " is not a plain absolute path; give the whole path");
    }
    if (!Files.exists(program)) {
      throw new ConfigException.NotInstalled(what + " does not exist; install the program first");
    }
    if (!Files.isRegularFile(program) || !Files.isExecutable(program)) {
      throw new ConfigException.NotInstalled(
          what + " is not an executable file; chmod +x it, or name the program itself");
    }
    if (KataPaths.isRuntime(program.toString())) {
      throw new ConfigException.NotInstalled(what + ": " + KataPaths.EXPLANATION);
    }
  }
}
