package dev.kapal.image.local;

import dev.kapal.image.ImageException;
import dev.kapal.oci.ContainerConfig;
import dev.kapal.oci.OciJson;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JacksonException;

/** The Dockerfile instructions that {@code commit --change} and {@code import --change} take. */
final class ConfigChanges {
  private static final List<String> SHELL = List.of("/bin/sh", "-c");

  private String user;
  private String workingDir;
  private String stopSignal;
  private final Set<String> ports;
  private final Set<String> volumes;
  private final List<String> env;
  private final List<String> onBuild;
  private final Map<String, String> labels;
  private List<String> entrypoint;
  private List<String> cmd;
  private List<String> shell;
  private final ContainerConfig base;

  private ConfigChanges(ContainerConfig base) {
    this.base = base;
    user = base.user();
    workingDir = base.workingDir();
    stopSignal = base.stopSignal();
    ports = new LinkedHashSet<>(base.exposedPorts());
    volumes = new LinkedHashSet<>(base.volumes());
    env = new ArrayList<>(base.env());
    onBuild = new ArrayList<>(base.onBuild());
    labels = new LinkedHashMap<>(base.labels());
    entrypoint = base.entrypoint();
    cmd = base.cmd();
    shell = base.shell();
  }

  /**
   * Applies instructions.
   *
   * @throws ImageException.BadRequest if one is not understood
   */
  static ContainerConfig apply(ContainerConfig base, List<String> changes) {
    ConfigChanges state = new ConfigChanges(base);
    changes.forEach(state::apply);
    return state.result();
  }

  private ContainerConfig result() {
    return new ContainerConfig(
        user,
        ports,
        env,
        entrypoint,
        cmd,
        volumes,
        workingDir,
        labels,
        stopSignal,
        base.argsEscaped(),
        base.healthcheck(),
        shell,
        onBuild);
  }

  private void apply(String change) {
    String[] parts = change.strip().split("\\s+", 2);
    String rest = parts.length == 2 ? parts[1].strip() : "";
    if (rest.isEmpty()) {
      throw bad(change);
    }
    switch (parts[0].toUpperCase(Locale.ROOT)) {
      case "CMD" -> cmd = command(rest);
      case "ENTRYPOINT" -> {
        entrypoint = command(rest);
        cmd = List.of();
      }
      case "SHELL" -> shell = list(rest).orElseThrow(() -> bad(change));
      case "ENV" -> pairs(rest, change).forEach(this::setEnv);
      case "LABEL" -> labels.putAll(pairs(rest, change));
      case "USER" -> user = rest;
      case "WORKDIR" ->
          workingDir =
              rest.startsWith("/")
                  ? rest
                  : (workingDir.isEmpty() ? "/" : workingDir.replaceAll("/*$", "/")) + rest;
      case "STOPSIGNAL" -> stopSignal = rest;
      case "EXPOSE" -> {
        for (String port : rest.split("\\s+")) {
          if (!port.matches("[0-9]{1,5}(-[0-9]{1,5})?(/(tcp|udp|sctp))?")) {
            throw bad(change);
          }
          ports.add(port.contains("/") ? port : port + "/tcp");
        }
      }
      case "VOLUME" -> volumes.addAll(list(rest).orElseGet(() -> List.of(rest.split("\\s+"))));
      case "ONBUILD" -> onBuild.add(rest);
      default -> throw bad(change);
    }
  }

  private List<String> command(String text) {
    return list(text)
        .orElseGet(() -> {
          List<String> all = new ArrayList<>(shell.isEmpty() ? SHELL : shell);
          all.add(text);
          return all;
        });
  }

  private static Optional<List<String>> list(String text) {
    if (!text.startsWith("[")) {
      return Optional.empty();
    }
    try {
      return Optional.of(List.of(OciJson.mapper().readValue(text, String[].class)));
    } catch (JacksonException | NullPointerException _) {
      return Optional.empty();
    }
  }

  private void setEnv(String name, String value) {
    env.removeIf(e -> e.startsWith(name + "="));
    env.add(name + "=" + value);
  }

  /** {@code a=b "c d"="e f"}, or the old {@code a b}. */
  private static Map<String, String> pairs(String text, String change) {
    List<String> words = words(text, change);
    Map<String, String> pairs = new LinkedHashMap<>();
    if (words.get(0).indexOf('=') < 0) {
      String[] old = text.split("\\s+", 2);
      if (old.length != 2) {
        throw bad(change);
      }
      pairs.put(old[0], old[1]);
      return pairs;
    }
    for (String word : words) {
      int equals = word.indexOf('=');
      if (equals <= 0) {
        throw bad(change);
      }
      pairs.put(word.substring(0, equals), word.substring(equals + 1));
    }
    return pairs;
  }

  private static List<String> words(String text, String change) {
    List<String> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    char quote = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\' && quote != '\'' && i + 1 < text.length()) {
        word.append(text.charAt(++i));
      } else if (quote != 0) {
        if (c == quote) {
          quote = 0;
        } else {
          word.append(c);
        }
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (Character.isWhitespace(c)) {
        if (!word.isEmpty()) {
          words.add(word.toString());
          word.setLength(0);
        }
      } else {
        word.append(c);
      }
    }
    if (quote != 0) {
      throw bad(change);
    }
    if (!word.isEmpty()) {
      words.add(word.toString());
    }
    return words;
  }

  private static ImageException.BadRequest bad(String change) {
    return new ImageException.BadRequest(
        "the change \""
            + change
            + "\" is not understood: write CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, SHELL,"
            + " STOPSIGNAL, USER, VOLUME or WORKDIR and its arguments, as in a Dockerfile");
  }
}
