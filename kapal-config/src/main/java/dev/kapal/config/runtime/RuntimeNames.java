package dev.kapal.config.runtime;

import dev.kapal.config.runtime.RuntimeEntry.Kind;
import dev.kapal.config.text.ConfigException;
import dev.kapal.config.text.Nearest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds what the name of a runtime or the handler of a RuntimeClass stands for: first what is
 * configured, then the built-in {@code native}, then well-known programs on PATH, then types of
 * shims. An absolute path is taken from the configuration only: whoever may name a runtime must not
 * thereby choose a program to run as root.
 */
public final class RuntimeNames {
  /** The name of Kapal's own runtime. */
  public static final String BUILT_IN = "native";

  private static final List<String> PROGRAMS = List.of("runc", "crun", "runsc", "youki");
  private static final Map<String, String> SHIMS = Map.of("kata", "io.containerd.kata.v2");
  private static final Pattern TYPE =
      Pattern.compile("(?:[A-Za-z0-9_-]+\\.)+([A-Za-z0-9_-]+)\\.(v[0-9]{1,3})");

  private static final String SHIM_PREFIX = "containerd-shim-";
  private static final Pattern SHIM =
      Pattern.compile(SHIM_PREFIX + "([A-Za-z0-9_]+)-(v[0-9]{1,3})");

  private final SortedMap<String, RuntimeEntry> configured;
  private final PathLookup lookup;

  public RuntimeNames(Map<String, RuntimeEntry> configured, PathLookup lookup) {
    this.configured = Collections.unmodifiableSortedMap(new TreeMap<>(configured));
    this.lookup = lookup;
  }

  /** The program of a shim of that type, by the last two parts; empty: it is no type. */
  public static Optional<String> shimProgram(String type) {
    Matcher matcher = TYPE.matcher(type);
    return matcher.matches()
        ? Optional.of(SHIM_PREFIX + matcher.group(1) + "-" + matcher.group(2))
        : Optional.empty();
  }

  /** Whether a name means something without being configured, whether or not it is here. */
  public static boolean wellKnown(String name) {
    return name.equals(BUILT_IN)
        || PROGRAMS.contains(name)
        || SHIMS.containsKey(name)
        || shimProgram(name).isPresent();
  }

  /**
   * All names that can be resolved here and now, sorted. A shim on PATH is named by containerd's
   * type for it, {@code io.containerd.X.vN}.
   */
  public List<String> usable() {
    List<String> names = new ArrayList<>(configured.keySet());
    names.add(BUILT_IN);
    PROGRAMS.stream().filter(p -> lookup.find(p).isPresent()).forEach(names::add);
    SHIMS.forEach((name, type) -> {
      if (shimProgram(type).flatMap(lookup::find).isPresent()) {
        names.add(name);
      }
    });
    for (String program : lookup.names(SHIM_PREFIX)) {
      Matcher matcher = SHIM.matcher(program);
      if (matcher.matches()) {
        String type = "io.containerd." + matcher.group(1) + "." + matcher.group(2);
        if (!SHIMS.containsValue(type)) {
          names.add(type);
        }
      }
    }
    return names.stream().distinct().sorted().toList();
  }

  /**
   * Resolves a name.
   *
   * @throws ConfigException.UnknownRuntime when it stands for nothing, or its program is missing
   */
  public ResolvedRuntime resolve(String name) {
    RuntimeEntry entry = configured.get(name);
    if (entry != null) {
      return program(entry);
    }
    if (name.equals(BUILT_IN)) {
      return new ResolvedRuntime.BuiltIn(
          RuntimeEntry.wellKnown(name, Kind.NATIVE, Optional.empty()));
    }
    if (PROGRAMS.contains(name)) {
      return program(RuntimeEntry.wellKnown(name, Kind.OCI, Optional.empty()));
    }
    if (SHIMS.containsKey(name)) {
      return program(RuntimeEntry.wellKnown(name, Kind.SHIM, Optional.ofNullable(SHIMS.get(name))));
    }
    if (name.indexOf('/') >= 0) {
      throw new ConfigException.UnknownRuntime(
          "runtime \""
              + name
              + "\" is a path, and paths are taken from the configuration only: kapal runtime"
              + " install NAME "
              + name);
    }
    if (shimProgram(name).isPresent()) {
      return program(RuntimeEntry.wellKnown(name, Kind.SHIM, Optional.of(name)));
    }
    throw unknown(name);
  }

  private ResolvedRuntime program(RuntimeEntry entry) {
    return switch (entry.kind()) {
      case NATIVE -> new ResolvedRuntime.BuiltIn(entry);
      case OCI -> {
        String program = entry.path().orElse(entry.name());
        yield new ResolvedRuntime.Program(entry, found(entry, program));
      }
      case SHIM -> {
        String program =
            entry.path().or(() -> entry.type().flatMap(RuntimeNames::shimProgram)).orElse("");
        yield new ResolvedRuntime.Shim(entry, entry.type().orElse(program), found(entry, program));
      }
    };
  }

  private Path found(RuntimeEntry entry, String program) {
    return lookup
        .find(program)
        .orElseThrow(() ->
            new ConfigException.UnknownRuntime(
                "runtime \""
                    + entry.name()
                    + "\" cannot be used: its program "
                    + program
                    + (program.startsWith("/")
                        ? " is missing or not executable"
                        : " is not on PATH")
                    + (entry.at().line() > 0 ? " (configured in " + entry.at().place() + ")" : "")
                    + "; install it, or choose one of "
                    + String.join(", ", usable())));
  }

  private ConfigException.UnknownRuntime unknown(String name) {
    List<String> usable = usable();
    List<String> known = new ArrayList<>(usable);
    known.addAll(PROGRAMS);
    known.addAll(SHIMS.keySet());
    return new ConfigException.UnknownRuntime(
        "no runtime for \""
            + name
            + "\" is configured"
            + Nearest.of(name, known).map(n -> "; did you mean \"" + n + "\"?").orElse("")
            + "; configured: "
            + (configured.isEmpty() ? "none" : String.join(", ", configured.keySet()))
            + "; usable here: "
            + String.join(", ", usable));
  }
}
