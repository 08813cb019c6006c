package dev.kapal.daemon;

import dev.kapal.config.CgroupSetup;
import dev.kapal.config.runtime.RuntimeEntry;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.TomlWriter;
import dev.kapal.linux.CgroupDriver;
import dev.kapal.runtime.shim.ShimOptions;
import dev.kapal.runtime.shim.ShimRuntimeConfig;
import java.nio.file.Path;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What a runtimes table means to the driver of shims: pure functions. */
final class ShimSettings {
  private static final String RUNSC = "io.containerd.runsc.v1.options";

  private ShimSettings() {}

  static ShimRuntimeConfig of(RuntimeEntry entry, Path program, CgroupSetup cgroups) {
    ShimRuntimeConfig plain = ShimRuntimeConfig.of(entry.name(), entry.tier(), program);
    return plain
        .withOptions(
            ShimRuntimeConfig.drivesRunc(program)
                ? runc(entry, cgroups.driver() == CgroupDriver.SYSTEMD)
                : other(entry, program))
        .withSandboxer(entry.sandboxer())
        .withTimeouts(entry.createTimeout(), plain.commandTimeout())
        .withCgroupParent(cgroups.parent());
  }

  /** Whether it must ask systemd for cgroups. */
  static boolean systemd(RuntimeEntry entry) {
    return flag(entry.options(), "SystemdCgroup");
  }

  private static ShimOptions runc(RuntimeEntry entry, boolean systemd) {
    Node.Table o = entry.options();
    return new ShimOptions.Runc(
        text(o, "BinaryName").orElse(""),
        text(o, "Root").or(entry::root),
        systemd,
        flag(o, "NoPivotRoot"),
        flag(o, "NoNewKeyring"),
        text(o, "ShimCgroup").orElse(""),
        number(o, "IoUid"),
        number(o, "IoGid"),
        text(o, "CriuImagePath").orElse(""),
        text(o, "CriuWorkPath").orElse(""));
  }

  /** As containerd does it: where no file is named, the whole table is the configuration. */
  private static ShimOptions other(RuntimeEntry entry, Path program) {
    Node.Table o = entry.options();
    if (o.entries().isEmpty()) {
      return new ShimOptions.None();
    }
    Optional<String> path = text(o, "ConfigPath");
    boolean runsc = String.valueOf(program.getFileName()).startsWith("containerd-shim-runsc-");
    return new ShimOptions.Generic(
        text(o, "TypeUrl").orElse(runsc ? RUNSC : ""),
        path.orElse(""),
        path.isPresent() ? "" : text(o, "ConfigBody").orElseGet(() -> toml(o)));
  }

  private static String toml(Node.Table table) {
    return new TreeMap<>(table.entries())
        .entrySet().stream()
            .filter(e -> !e.getKey().equals("TypeUrl"))
            .map(e -> TomlWriter.key(e.getKey()) + " = " + TomlWriter.value(e.getValue()) + "\n")
            .collect(Collectors.joining());
  }

  private static Optional<String> text(Node.Table table, String key) {
    return table
        .get(key)
        .flatMap(n ->
            n instanceof Node.Text t && !t.value().isEmpty()
                ? Optional.of(t.value())
                : Optional.empty());
  }

  private static boolean flag(Node.Table table, String key) {
    return table.get(key).filter(n -> n instanceof Node.Flag f && f.value()).isPresent();
  }

  private static int number(Node.Table table, String key) {
    return table.get(key).map(n -> n instanceof Node.Whole w ? (int) w.value() : 0).orElse(0);
  }
}
