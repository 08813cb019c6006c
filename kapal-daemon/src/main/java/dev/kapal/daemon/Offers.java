package dev.kapal.daemon;

import dev.kapal.config.KapalConfig;
import dev.kapal.config.runtime.PathLookup;
import dev.kapal.config.runtime.ResolvedRuntime;
import dev.kapal.config.runtime.RuntimeEntry;
import dev.kapal.config.runtime.RuntimeNames;
import dev.kapal.config.text.ConfigException;
import dev.kapal.runtime.oci.OciRuntimeConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which runtimes beside the built-in one are offered: those that are configured, and the well-known
 * ones that are on PATH. Programs are looked for and never executed.
 *
 * @param programs driven by the command line of runc, by name
 * @param warnings what is configured and cannot be offered, and why
 */
record Offers(Map<String, OciRuntimeConfig> programs, List<String> warnings) {
  /** What a configuration offers on this host. */
  static Offers of(KapalConfig config, PathLookup lookup) {
    RuntimeNames names = new RuntimeNames(config.runtimes(), lookup);
    Map<String, OciRuntimeConfig> programs = new TreeMap<>();
    List<String> warnings = new ArrayList<>();
    TreeSet<String> all = new TreeSet<>(names.usable());
    all.remove(RuntimeNames.BUILT_IN);
    for (String name : all) {
      boolean configured = config.runtime(name).isPresent();
      try {
        switch (names.resolve(name)) {
          case ResolvedRuntime.Program program ->
              programs.put(name, program(program.entry(), program.path(), config));
          case ResolvedRuntime.Shim shim -> {
            if (configured) {
              warnings.add(refusal(shim.entry(), "this version of Kapal drives no shims"));
            }
          }
          case ResolvedRuntime.BuiltIn own ->
              warnings.add(
                  refusal(own.entry(), "this version of Kapal has its own runtime once only"));
        }
      } catch (ConfigException.UnknownRuntime e) {
        warnings.add(String.valueOf(e.getMessage()));
      }
    }
    return new Offers(programs, warnings);
  }

  /** The names of all runtimes, the built-in one among them. */
  TreeSet<String> names() {
    TreeSet<String> names = new TreeSet<>(programs.keySet());
    names.add(RuntimeNames.BUILT_IN);
    return names;
  }

  private static String refusal(RuntimeEntry entry, String why) {
    return entry.at().place() + ": runtime \"" + entry.name() + "\" is not offered: " + why;
  }

  private static OciRuntimeConfig program(RuntimeEntry entry, Path path, KapalConfig config) {
    OciRuntimeConfig plain = OciRuntimeConfig.of(entry.name(), path);
    OciRuntimeConfig whole =
        plain
            .withTier(entry.tier())
            .withArguments(entry.args().toArray(String[]::new))
            .withSystemdCgroup(entry.systemdCgroup())
            .withTimeouts(entry.createTimeout(), plain.commandTimeout())
            .withCgroupParent(config.daemon().cgroupParent());
    return entry.root().map(root -> whole.withRoot(Path.of(root))).orElse(whole);
  }
}
