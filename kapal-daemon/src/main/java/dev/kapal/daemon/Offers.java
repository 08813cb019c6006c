package dev.kapal.daemon;

import dev.kapal.config.CgroupSetup;
import dev.kapal.config.KapalConfig;
import dev.kapal.config.runtime.PathLookup;
import dev.kapal.config.runtime.ResolvedRuntime;
import dev.kapal.config.runtime.RuntimeEntry;
import dev.kapal.config.runtime.RuntimeNames;
import dev.kapal.config.text.ConfigException;
import dev.kapal.image.Snapshotter;
import dev.kapal.linux.CgroupDriver;
import dev.kapal.linux.Linux;
import dev.kapal.runtime.Runtime;
import dev.kapal.runtime.oci.OciRuntime;
import dev.kapal.runtime.oci.OciRuntimeConfig;
import dev.kapal.runtime.shim.ShimRuntime;
import dev.kapal.runtime.shim.ShimRuntimeConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which runtimes beside the built-in one are offered: those that are configured, and the well-known
 * ones that are on PATH. Programs are looked for and never executed.
 *
 * @param programs driven by the command line of runc, by name
 * @param shims driven by shims, by name
 * @param warnings what is configured and cannot be offered, and why
 */
record Offers(
    Map<String, OciRuntimeConfig> programs,
    Map<String, ShimRuntimeConfig> shims,
    List<String> warnings) {
  /** What a configuration offers on a host. */
  static Offers of(KapalConfig config, PathLookup lookup, CgroupSetup cgroups) {
    RuntimeNames names = new RuntimeNames(config.runtimes(), lookup);
    Map<String, OciRuntimeConfig> programs = new TreeMap<>();
    Map<String, ShimRuntimeConfig> shims = new TreeMap<>();
    List<String> warnings = new ArrayList<>();
    TreeSet<String> all = new TreeSet<>(names.usable());
    all.remove(RuntimeNames.BUILT_IN);
    for (String name : all) {
      try {
        ResolvedRuntime found = names.resolve(name);
        if (systemd(found.entry()) && cgroups.driver() != CgroupDriver.SYSTEMD) {
          warnings.add(
              refusal(
                  found.entry(),
                  "it must have its cgroups made by systemd, and for all containers here"
                      + " daemon.cgroup_driver is "
                      + cgroups.driver().word()));
          continue;
        }
        switch (found) {
          case ResolvedRuntime.Program program ->
              programs.put(name, program(program.entry(), program.path(), cgroups));
          case ResolvedRuntime.Shim shim ->
              shims.put(name, ShimSettings.of(shim.entry(), shim.path(), cgroups));
          case ResolvedRuntime.BuiltIn own ->
              warnings.add(
                  refusal(own.entry(), "this version of Kapal has its own runtime once only"));
        }
      } catch (ConfigException.UnknownRuntime e) {
        warnings.add(String.valueOf(e.getMessage()));
      }
    }
    config
        .runtimes()
        .values()
        .forEach(entry ->
            entry
                .snapshotter()
                .filter(s -> Snapshotter.named(s).isEmpty())
                .ifPresent(s ->
                    warnings.add(
                        entry.at().place()
                            + ": runtime \""
                            + entry.name()
                            + "\": there is no snapshotter \""
                            + s
                            + "\", only overlay and copy; its containers get "
                            + config.containers().snapshotter())));
    return new Offers(programs, shims, warnings);
  }

  private static boolean systemd(RuntimeEntry entry) {
    return entry.systemdCgroup() || ShimSettings.systemd(entry);
  }

  /** The names of all runtimes, the built-in one among them. */
  TreeSet<String> names() {
    TreeSet<String> names = new TreeSet<>(programs.keySet());
    names.addAll(shims.keySet());
    names.add(RuntimeNames.BUILT_IN);
    return names;
  }

  /** Makes the drivers of those that are not known yet. */
  List<Runtime> drivers(Linux linux, Collection<String> known) {
    List<Runtime> drivers = new ArrayList<>();
    programs.values().stream()
        .filter(p -> !known.contains(p.name()))
        .forEach(p -> drivers.add(OciRuntime.create(linux, p)));
    shims.values().stream()
        .filter(s -> !known.contains(s.name()))
        .forEach(s -> drivers.add(ShimRuntime.create(linux, s)));
    return drivers;
  }

  private static String refusal(RuntimeEntry entry, String why) {
    return entry.at().place() + ": runtime \"" + entry.name() + "\" is not offered: " + why;
  }

  private static OciRuntimeConfig program(RuntimeEntry entry, Path path, CgroupSetup cgroups) {
    OciRuntimeConfig plain = OciRuntimeConfig.of(entry.name(), path);
    OciRuntimeConfig whole =
        plain
            .withTier(entry.tier())
            .withArguments(entry.args().toArray(String[]::new))
            .withSystemdCgroup(cgroups.driver() == CgroupDriver.SYSTEMD)
            .withTimeouts(entry.createTimeout(), plain.commandTimeout())
            .withCgroupParent(cgroups.parent());
    return entry.root().map(root -> whole.withRoot(Path.of(root))).orElse(whole);
  }
}
