package dev.kapal.network;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Runs single CNI plugins and turns every way in which one can fail into a sentence.
 *
 * @see <a href="https://www.cni.dev/docs/spec/#section-2-execution-protocol">CNI specification,
 *     section 2</a>
 */
final class Plugins {
  static final String SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  private static final int MAX_SHOWN = 600;

  private final NetworkConfig config;
  private final Map<String, List<String>> versions = new ConcurrentHashMap<>();

  Plugins(NetworkConfig config) {
    this.config = config;
  }

  /** What a verb works on; all of it comes from the attachment's record. */
  record Target(String network, String containerId, String netns, String ifName, String args) {}

  /** Finds a plugin's program. */
  Path find(String network, String type) {
    for (Path directory : config.pluginDirs()) {
      Path file = directory.resolve(Names.plugin(type));
      if (Files.isRegularFile(file) && Files.isExecutable(file)) {
        return file;
      }
    }
    throw new NetworkException.Missing(
        "network \""
            + network
            + "\" needs the CNI plugin \""
            + type
            + "\", which is not in "
            + path().replace(":", ", ")
            + ": install the CNI plugins (Debian: apt-get install containernetworking-plugins;"
            + " Fedora: containernetworking-plugins)");
  }

  private String path() {
    return config.pluginDirs().stream().map(Path::toString).collect(Collectors.joining(":"));
  }

  /**
   * Runs one verb of one plugin.
   *
   * @param input the configuration for standard input
   * @return what it printed
   */
  String run(String verb, Target target, String type, ObjectNode input) {
    Path program = find(target.network(), type);
    PluginRunner.Outcome outcome = execute(verb, target, program, input);
    String what = sentence(verb, target, type);
    if (outcome.timedOut()) {
      throw new NetworkException.PluginFailed(
          what + ": it did not finish within " + seconds() + " s and was killed" + shown(outcome),
          0);
    }
    if (outcome.truncated()) {
      throw new NetworkException.PluginFailed(what + ": it printed more than 1 MiB", 0);
    }
    if (outcome.exitCode() != 0) {
      throw failure(what, outcome, program);
    }
    return outcome.output();
  }

  private PluginRunner.Outcome execute(String verb, Target target, Path program, ObjectNode input) {
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("PATH", SEARCH_PATH);
    environment.put("CNI_COMMAND", verb);
    environment.put("CNI_CONTAINERID", target.containerId());
    environment.put("CNI_NETNS", target.netns());
    environment.put("CNI_IFNAME", target.ifName());
    environment.put("CNI_ARGS", target.args());
    environment.put("CNI_PATH", path());
    try {
      return config
          .runner()
          .run(
              List.of(program.toString()),
              environment,
              Json.text(input).getBytes(java.nio.charset.StandardCharsets.UTF_8),
              config.pluginTimeout());
    } catch (IOException e) {
      throw new NetworkException.PluginFailed(
          sentence(verb, target, program.toString())
              + ": it cannot be started: "
              + e.getMessage()
              + " (is it a program for this machine?)",
          0);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new NetworkException.PluginFailed(
          sentence(verb, target, program.toString()) + ": interrupted while it ran", 0);
    }
  }

  private String seconds() {
    return String.format(Locale.ROOT, "%.0f", config.pluginTimeout().toMillis() / 1000.0);
  }

  private static String sentence(String verb, Target target, String type) {
    String doing =
        switch (verb) {
          case "ADD" -> "attach container " + target.containerId() + " to";
          case "DEL" -> "detach container " + target.containerId() + " from";
          case "CHECK" -> "verify container " + target.containerId() + " on";
          case "GC" -> "clean up";
          case "STATUS" -> "take containers on";
          default -> "run " + verb + " for";
        };
    return "CNI plugin \""
        + type
        + "\" could not "
        + doing
        + " network \""
        + target.network()
        + "\"";
  }

  private NetworkException failure(String what, PluginRunner.Outcome outcome, Path program) {
    try {
      ObjectNode json = Json.parseObject("the error", outcome.output());
      int code = json.path("code").asInt(0);
      Optional<String> message = Json.string(json, "msg");
      if (message.isPresent()) {
        String details = Json.string(json, "details").map(d -> ": " + d).orElse("");
        String hint = hint(message.get() + details);
        String text = what + ": " + cut(message.get() + details) + hint;
        if (code == 1) {
          text += " (the plugin speaks CNI " + String.join(", ", versions(program)) + ")";
        }
        return new NetworkException.PluginFailed(text, code);
      }
    } catch (NetworkException.Invalid e) {
      // Not the JSON that the specification demands: what it printed is the best there is.
      return new NetworkException.PluginFailed(
          what + ": exit code " + outcome.exitCode() + shown(outcome), 0);
    }
    return new NetworkException.PluginFailed(
        what + ": exit code " + outcome.exitCode() + shown(outcome), 0);
  }

  private static String hint(String message) {
    boolean lacksProgram =
        message.contains("executable file not found") || message.contains("no such file");
    if (lacksProgram && message.contains("iptables")) {
      return " (install the package iptables)";
    }
    if (lacksProgram && message.contains("nft")) {
      return " (install the package nftables)";
    }
    if (message.contains("failed to find plugin")) {
      return " (Debian: apt-get install containernetworking-plugins)";
    }
    if (message.contains("requested IP address") || message.contains("no IP addresses available")) {
      return " (kapal network inspect shows the subnet and who uses it)";
    }
    return "";
  }

  private static String shown(PluginRunner.Outcome outcome) {
    String text = (outcome.errors() + " " + outcome.output()).strip();
    return text.isEmpty() ? ", and it printed nothing" : ", it printed: " + cut(text);
  }

  /** One line of plain characters: the text goes to terminals and logs. */
  static String cut(String text) {
    String plain = text.strip().replaceAll("\\s+", " ").replaceAll("\\p{Cntrl}", "?");
    return plain.length() > MAX_SHOWN ? plain.substring(0, MAX_SHOWN) + "…" : plain;
  }

  /** Runs an ADD and reads its result. */
  JsonNode add(Target target, String type, ObjectNode input) {
    String output = run("ADD", target, type, input);
    String what = sentence("ADD", target, type);
    if (output.isBlank()) {
      throw new NetworkException.PluginFailed(
          what + ": it reported success but printed no result", 0);
    }
    try {
      ObjectNode json = Json.parseObject("its result", output);
      CniResult.parse(json);
      return json;
    } catch (NetworkException.Invalid e) {
      throw new NetworkException.PluginFailed(
          what + ": " + e.getMessage() + "; it printed: " + cut(output), 0);
    }
  }

  /** The protocol versions that a plugin speaks; probed once per state of the program's file. */
  List<String> versions(Path program) {
    return versions.computeIfAbsent(fileState(program), key -> probe(program));
  }

  private static String fileState(Path program) {
    try {
      return program
          + " "
          + Files.getLastModifiedTime(program)
          + " "
          + Files.size(program)
          + " "
          + Files.getAttribute(program, "unix:ino");
    } catch (IOException e) {
      return program.toString();
    }
  }

  private List<String> probe(Path program) {
    Map<String, String> environment = new HashMap<>();
    environment.put("PATH", SEARCH_PATH);
    environment.put("CNI_COMMAND", "VERSION");
    byte[] input = "{\"cniVersion\":\"1.0.0\"}".getBytes(java.nio.charset.StandardCharsets.UTF_8);
    try {
      PluginRunner.Outcome outcome =
          config
              .runner()
              .run(List.of(program.toString()), environment, input, config.pluginTimeout());
      if (outcome.exitCode() == 0 && !outcome.timedOut()) {
        ObjectNode json = Json.parseObject("its versions", outcome.output());
        return Json.strings(json, "supportedVersions");
      }
      // Plugins from before 0.2.0 do not know the verb.
      return List.of("0.1.0");
    } catch (IOException | NetworkException.Invalid e) {
      return List.of("0.1.0");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of("0.1.0");
    }
  }

  /** The newest version that the list allows and all of its plugins speak. */
  String negotiate(NetworkList list) {
    if (list.versions().isEmpty()) {
      return list.version();
    }
    List<Path> programs =
        list.plugins().stream().map(p -> find(list.name(), NetworkList.typeOf(p))).toList();
    return java.util.stream.Stream.concat(
            list.versions().stream(), java.util.stream.Stream.of(list.version()))
        .distinct()
        .filter(Versions::isKnown)
        .filter(v -> programs.stream().allMatch(p -> versions(p).contains(v)))
        .max(Versions.ORDER)
        .orElse(list.version());
  }
}
