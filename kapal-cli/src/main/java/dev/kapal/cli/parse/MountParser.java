package dev.kapal.cli.parse;

import dev.kapal.cli.model.UsageException;
import dev.kapal.engine.spec.MountSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/** Mounts as -v, --mount and --tmpfs write them. */
public final class MountParser {
  private static final Set<String> PROPAGATION =
      Set.of("shared", "slave", "private", "rshared", "rslave", "rprivate");

  private MountParser() {}

  /**
   * {@code [SOURCE:]TARGET[:OPTIONS]}. A source that begins with a slash or a dot is a path, else a
   * volume's name.
   *
   * @param resolve makes a path of the client absolute
   */
  public static MountSpec volume(String text, UnaryOperator<String> resolve) {
    String[] parts = text.split(":", -1);
    if (parts.length > 3 || text.isEmpty()) {
      throw bad(text, "it has too many colons or nothing at all");
    }
    for (String part : parts) {
      if (part.isEmpty()) {
        throw bad(text, "a part between colons is empty");
      }
    }
    String target = parts.length == 1 ? parts[0] : parts[1];
    if (!target.startsWith("/")) {
      throw bad(text, "the path inside, \"" + target + "\", is not absolute");
    }
    MountSpec.Builder builder = source(parts, target, resolve);
    boolean bind = parts.length > 1 && path(parts[0]);
    if (parts.length == 3) {
      options(text, parts[2], builder, bind);
    }
    return checked("volume", text, builder);
  }

  private static MountSpec.Builder source(
      String[] parts, String target, UnaryOperator<String> resolve) {
    if (parts.length == 1) {
      return MountSpec.anonymous(target);
    }
    return path(parts[0])
        ? MountSpec.bind(resolve.apply(parts[0]), target).createSource(true)
        : MountSpec.volume(parts[0], target);
  }

  private static boolean path(String source) {
    return source.startsWith("/") || source.startsWith(".") || source.startsWith("~");
  }

  private static void options(
      String text, String options, MountSpec.Builder builder, boolean bind) {
    Set<String> modes = Set.of("ro", "rw", "rro");
    String mode = "";
    for (String option : options.split(",", -1)) {
      if (modes.contains(option)) {
        if (!mode.isEmpty()) {
          throw bad(text, "\"" + mode + "\" and \"" + option + "\" exclude each other");
        }
        mode = option;
        builder.readOnly(!option.equals("rw"));
        builder.recursiveReadOnly(option.equals("rro"));
      } else if (PROPAGATION.contains(option) && bind) {
        builder.propagation(option);
      } else if (option.equals("nocopy") && !bind) {
        builder.noCopy(true);
      } else {
        switch (option) {
          // SELinux relabelling: nothing to do where SELinux is off, as docker has it.
          case "z", "Z", "cached", "delegated", "consistent", "copy", "rbind" -> {}
          case "bind" -> builder.nonRecursive(true);
          case "U" ->
              throw bad(
                  text, "\"U\", which would change the owner of the source, is not supported");
          default -> throw bad(text, "the option \"" + option + "\" is not known");
        }
      }
    }
  }

  private static UsageException bad(String text, String why) {
    return Bad.value("volume", text, why, "write [SOURCE:]TARGET[:OPTIONS], as in ./data:/data:ro");
  }

  /** {@code TARGET[:OPTIONS]} of --tmpfs. */
  public static MountSpec tmpfs(String text) {
    int colon = text.indexOf(':');
    String target = colon < 0 ? text : text.substring(0, colon);
    MountSpec.Builder builder = MountSpec.tmpfs(target);
    List<String> rest = new ArrayList<>();
    if (colon >= 0) {
      for (String option : text.substring(colon + 1).split(",", -1)) {
        if (option.equals("ro")) {
          builder.readOnly(true);
        } else if (option.startsWith("size=") && !option.endsWith("%")) {
          builder.tmpfsSize(Scalars.size("tmpfs", option.substring(5)));
        } else if (option.startsWith("mode=")) {
          builder.tmpfsMode(mode("tmpfs", text, option.substring(5)));
        } else if (!option.isEmpty() && !option.equals("rw")) {
          rest.add(option);
        }
      }
    }
    return checked("tmpfs", text, builder.options(rest));
  }

  private static int mode(String option, String text, String octal) {
    if (!octal.matches("[0-7]{1,5}")) {
      throw Bad.value(option, text, "the mode \"" + octal + "\" is not octal", "write as in 1777");
    }
    return Integer.parseInt(octal, 8);
  }

  /** {@code type=…,src=…,dst=…} of --mount. */
  public static MountSpec mount(String text, UnaryOperator<String> resolve) {
    Map<String, String> fields = new LinkedHashMap<>();
    Map<String, String> driverOptions = new LinkedHashMap<>();
    Map<String, String> labels = new LinkedHashMap<>();
    for (String field : Csv.fields("mount", text)) {
      int equals = field.indexOf('=');
      String key = (equals < 0 ? field : field.substring(0, equals)).toLowerCase(Locale.ROOT);
      String value = equals < 0 ? "" : field.substring(equals + 1);
      switch (key) {
        case "volume-opt" -> driverOptions.putAll(Pairs.strict("mount", List.of(value)));
        case "volume-label" -> labels.putAll(Pairs.loose("mount", List.of(value)));
        default -> {
          String canonical = canonical(text, key);
          if (equals < 0 && !SWITCHES.contains(canonical)) {
            throw mountError(text, "\"" + key + "\" has no value");
          }
          fields.put(canonical, equals < 0 ? "true" : value);
        }
      }
    }
    String type = fields.getOrDefault("type", "volume");
    String target = fields.getOrDefault("target", "");
    if (target.isEmpty()) {
      throw mountError(text, "the target is missing");
    }
    String source = fields.getOrDefault("source", "");
    MountSpec.Builder builder =
        switch (type) {
          case "bind" -> {
            if (source.isEmpty()) {
              throw mountError(text, "a bind mount needs a source");
            }
            yield MountSpec.bind(resolve.apply(source), target);
          }
          case "volume" -> MountSpec.volume(source, target);
          case "tmpfs" -> {
            if (!source.isEmpty()) {
              throw mountError(text, "a tmpfs has no source");
            }
            yield MountSpec.tmpfs(target);
          }
          default ->
              throw mountError(text, "the type \"" + type + "\" is not bind, volume or tmpfs");
        };
    for (String key : fields.keySet()) {
      int dash = key.indexOf('-');
      String family = dash < 0 ? "" : key.substring(0, dash);
      if (Set.of("bind", "volume", "tmpfs").contains(family) && !family.equals(type)) {
        throw mountError(text, "\"" + key + "\" does not go with type=" + type);
      }
    }
    fields.forEach((key, value) -> field(text, builder, key, value));
    if (!driverOptions.isEmpty() || !labels.isEmpty() || fields.containsKey("volume-driver")) {
      if (!type.equals("volume")) {
        throw mountError(text, "volume options do not go with type=" + type);
      }
      builder.volumeOptions(driverOptions).volumeLabels(labels);
    }
    return checked("mount", text, builder);
  }

  private static final Set<String> SWITCHES =
      Set.of("readonly", "volume-nocopy", "bind-nonrecursive", "bind-create-src");

  private static String canonical(String text, String key) {
    return switch (key) {
      case "type", "readonly", "consistency" -> key;
      case "src", "source" -> "source";
      case "dst", "destination", "target" -> "target";
      case "ro" -> "readonly";
      case "bind-propagation",
          "bind-nonrecursive",
          "bind-recursive",
          "bind-create-src",
          "volume-nocopy",
          "volume-driver",
          "volume-subpath",
          "tmpfs-size",
          "tmpfs-mode" ->
          key;
      default -> throw mountError(text, "the field \"" + key + "\" is not known");
    };
  }

  private static void field(String text, MountSpec.Builder builder, String key, String value) {
    switch (key) {
      case "readonly" -> builder.readOnly(truth(text, key, value));
      case "bind-propagation" -> {
        if (!PROPAGATION.contains(value)) {
          throw mountError(text, "the propagation \"" + value + "\" is not known");
        }
        builder.propagation(value);
      }
      case "bind-nonrecursive" -> builder.nonRecursive(truth(text, key, value));
      case "bind-create-src" -> builder.createSource(truth(text, key, value));
      case "bind-recursive" -> {
        switch (value) {
          case "enabled", "writable" -> {}
          case "disabled" -> builder.nonRecursive(true);
          case "readonly" -> builder.readOnly(true).recursiveReadOnly(true);
          default ->
              throw mountError(
                  text, "bind-recursive is not enabled, disabled, writable or readonly");
        }
      }
      case "volume-nocopy" -> builder.noCopy(truth(text, key, value));
      case "volume-subpath" -> builder.subpath(value);
      case "volume-driver" -> {
        if (!value.equals("local")) {
          throw mountError(text, "the volume driver \"" + value + "\" is not local");
        }
      }
      case "tmpfs-size" -> builder.tmpfsSize(Scalars.size("mount", value));
      case "tmpfs-mode" -> builder.tmpfsMode(mode("mount", text, value));
      default -> {}
    }
  }

  private static boolean truth(String text, String key, String value) {
    return switch (value) {
      case "true", "1" -> true;
      case "false", "0" -> false;
      default -> throw mountError(text, "\"" + key + "\" is not true or false");
    };
  }

  private static UsageException mountError(String text, String why) {
    return Bad.value("mount", text, why, "write as in type=bind,src=/data,dst=/data,readonly");
  }

  private static MountSpec checked(String option, String text, MountSpec.Builder builder) {
    try {
      return builder.build();
    } catch (IllegalArgumentException e) {
      throw new UsageException(
          "invalid value \"%s\" for --%s: %s".formatted(text, option, e.getMessage()));
    }
  }
}
