package dev.kapal.config.foreign;

import dev.kapal.config.text.ConfigException;
import dev.kapal.config.text.ConfigFiles;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.Parsed;
import dev.kapal.config.text.Position;
import dev.kapal.config.text.TomlReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads containerd's config.toml, versions 1 to 4, with its imports (containerd 1.2 to 2.3). */
final class ContainerdReader {
  private static final String CRI = "io.containerd.grpc.v1.cri";
  private static final String RUNTIME = "io.containerd.cri.v1.runtime";
  private static final String IMAGES = "io.containerd.cri.v1.images";
  private static final String CONF_D = "/etc/containerd/conf.d/*.toml";
  private static final int MOST_FILES = 64;

  private final Intake intake;
  private final Set<Path> seen = new LinkedHashSet<>();
  private int version;

  private ContainerdReader(Intake intake) {
    this.intake = intake;
  }

  static void read(Intake intake, Path file, String text) {
    new ContainerdReader(intake).readAll(file, text);
  }

  private void readAll(Path file, String text) {
    Parsed main = TomlReader.read(file.toString(), text);
    intake.file(file, main);
    seen.add(file);
    version = version(main.root()).orElse(1);
    if (main.root().get("version").isEmpty() && !main.root().entries().isEmpty()) {
      intake.add(
          Position.of(file.toString()),
          "version",
          Outcome.MISTAKE,
          "there is no \"version = …\" line, so containerd takes the file for version 1, whose CRI"
              + " plugin is [plugins.cri]; containerd 2 wants version 2 or later");
    } else if (version < 1 || version > 4) {
      intake.unreadable(
          main.root().at(), "version " + version + " is none that is known: 1 to 4 are");
      return;
    }
    Node.Table merged = withImports(file, main.root());
    new ContainerdKeys(version).table().read(intake, merged);
    ContainerdChecks.check(intake, merged, version);
  }

  private static Optional<Integer> version(Node.Table root) {
    return root.get("version").orElse(null) instanceof Node.Whole whole
        ? Optional.of(Math.clamp(whole.value(), -1, 99))
        : Optional.empty();
  }

  private Node.Table withImports(Path file, Node.Table root) {
    List<String> globs = new ArrayList<>();
    boolean given = root.get("imports").orElse(null) instanceof Node.Array;
    if (root.get("imports").orElse(null) instanceof Node.Array array) {
      globs.addAll(array.texts());
    } else if (version >= 4) {
      globs.add(CONF_D);
    }
    Node.Table merged = root;
    for (String glob : globs) {
      for (Path imported : imported(file, glob, given)) {
        merged = imported(merged, imported);
      }
    }
    return merged;
  }

  private List<Path> imported(Path from, String glob, boolean complain) {
    if (glob.isEmpty() || glob.indexOf('\0') >= 0) {
      return List.of();
    }
    Path pattern = Optional.ofNullable(from.getParent()).orElse(Path.of(".")).resolve(glob);
    Path directory = Optional.ofNullable(pattern.getParent()).orElse(Path.of("/"));
    List<Path> found = new ArrayList<>();
    try {
      found.addAll(ConfigFiles.matching(directory, ConfigFiles.name(pattern)));
    } catch (ConfigException.FileFailed | IllegalArgumentException e) {
      intake.add(
          Position.of(from.toString()), "imports", Outcome.MISTAKE, String.valueOf(e.getMessage()));
    }
    if (found.isEmpty() && complain && glob.indexOf('*') < 0) {
      intake.add(
          Position.of(from.toString()),
          "imports",
          Outcome.MISTAKE,
          "there is no file " + pattern + "; containerd refuses to start over this");
    }
    return found;
  }

  private Node.Table imported(Node.Table merged, Path file) {
    if (!seen.add(file.normalize()) || seen.size() > MOST_FILES) {
      return merged;
    }
    switch (ConfigFiles.read(file)) {
      case ConfigFiles.Text.Content content -> {
        Parsed parsed = TomlReader.read(file.toString(), content.text());
        intake.file(file, parsed);
        Node.Table root = withImports(file, parsed.root());
        if (version(root).isPresent() && version(root).get() != version) {
          intake.add(
              Position.of(file.toString()),
              "version",
              Outcome.MISTAKE,
              "this file is version "
                  + version(root).get()
                  + " and the one that imports it version "
                  + version
                  + "; its plugin tables are read as version "
                  + version);
        }
        if (version < 3) {
          replaced(merged, root);
        }
        return merged.under(root);
      }
      case ConfigFiles.Text.Unusable unusable ->
          intake.unreadable(unusable.problem().at(), unusable.problem().message());
      case ConfigFiles.Text.Missing _ -> {}
    }
    return merged;
  }

  /** containerd 1.x takes whole plugin tables from the later file. */
  private void replaced(Node.Table before, Node.Table above) {
    if (before.get("plugins").orElse(null) instanceof Node.Table old
        && above.get("plugins").orElse(null) instanceof Node.Table fresh) {
      fresh
          .entries()
          .forEach((plugin, node) -> {
            if (old.get(plugin).isPresent()) {
              intake.add(
                  node.at(),
                  "plugins." + dev.kapal.config.text.TomlWriter.key(plugin),
                  Outcome.MISTAKE,
                  "containerd 1.x replaces the whole table of this plugin by the imported one, and"
                      + " settings of the importing file are lost; containerd 2 merges them, and so does"
                      + " this reading");
            }
          });
    }
  }

  static String cri(int version) {
    return version == 1 ? "cri" : CRI;
  }

  static String runtimePlugin(int version) {
    return version >= 3 ? RUNTIME : cri(version);
  }

  static String imagesPlugin(int version) {
    return version >= 3 ? IMAGES : cri(version);
  }
}
