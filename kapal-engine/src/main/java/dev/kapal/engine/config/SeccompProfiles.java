package dev.kapal.engine.config;

import dev.kapal.engine.EngineException;
import dev.kapal.linux.Arch;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.RuntimeConfigException;
import dev.kapal.oci.runtime.RuntimeConfigJson;
import dev.kapal.oci.runtime.Seccomp;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads seccomp profiles: the OCI form as it is, and Docker's, which says beside each rule for
 * which capabilities and architectures it holds.
 */
final class SeccompProfiles {
  private static final int MAX_CHARS = 1 << 20;
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private SeccompProfiles() {}

  static Seccomp read(String json, Set<String> capabilities) {
    if (json.length() > MAX_CHARS) {
      throw invalid("it is longer than 1 MiB");
    }
    JsonNode root;
    try {
      root = MAPPER.readTree(json);
    } catch (JacksonException e) {
      throw invalid("it is not JSON: " + e.getOriginalMessage());
    }
    if (!(root instanceof ObjectNode profile)
        || !profile.path("defaultAction").asString("").startsWith("SCMP_ACT_")
        || profile.path("defaultAction").isNumber()) {
      throw invalid("it has no defaultAction");
    }
    if (profile.get("archMap") instanceof ArrayNode map) {
      profile.set("architectures", architectures(map));
      profile.remove("archMap");
    }
    if (profile.get("syscalls") instanceof ArrayNode rules) {
      ArrayNode kept = MAPPER.createArrayNode();
      for (JsonNode rule : rules) {
        if (rule instanceof ObjectNode o
            && holds(o.get("includes"), capabilities, true)
            && holds(o.get("excludes"), capabilities, false)) {
          kept.add(clean(o));
        }
      }
      profile.set("syscalls", kept);
    }
    ObjectNode config = MAPPER.createObjectNode();
    config.put("ociVersion", "1.3.0");
    config.putObject("linux").set("seccomp", profile);
    try {
      RuntimeConfig read =
          RuntimeConfigJson.read(
              MAPPER.writeValueAsString(config).getBytes(StandardCharsets.UTF_8));
      return read.linux().flatMap(l -> l.seccomp()).orElseThrow();
    } catch (RuntimeConfigException e) {
      throw invalid(String.valueOf(e.getMessage()));
    }
  }

  private static ArrayNode architectures(ArrayNode map) {
    String own = Arch.host() == Arch.ARM64 ? "SCMP_ARCH_AARCH64" : "SCMP_ARCH_X86_64";
    ArrayNode out = MAPPER.createArrayNode();
    for (JsonNode entry : map) {
      if (entry.path("architecture").asString("").equals(own)) {
        out.add(own);
        entry.path("subArchitectures").forEach(out::add);
      }
    }
    return out;
  }

  /**
   * Docker's conditions: all capabilities of an include, none of an exclude; architectures alike.
   */
  private static boolean holds(JsonNode when, Set<String> capabilities, boolean include) {
    if (when == null || when.isNull() || when.isEmpty()) {
      return true;
    }
    List<String> caps = new ArrayList<>();
    when.path("caps").forEach(c -> caps.add(c.asString("")));
    List<String> arches = new ArrayList<>();
    when.path("arches").forEach(a -> arches.add(a.asString("")));
    String arch = Arch.host() == Arch.ARM64 ? "arm64" : "amd64";
    if (include) {
      return capabilities.containsAll(caps) && (arches.isEmpty() || arches.contains(arch));
    }
    return caps.stream().noneMatch(capabilities::contains) && !arches.contains(arch);
  }

  private static ObjectNode clean(ObjectNode rule) {
    ObjectNode out = rule.deepCopy();
    out.remove(List.of("includes", "excludes", "comment"));
    if (out.get("args") != null && out.path("args").isNull()) {
      out.remove("args");
    }
    if (out.has("name") && !out.has("names")) {
      out.putArray("names").add(out.get("name"));
      out.remove("name");
    }
    return out;
  }

  private static EngineException invalid(String why) {
    return new EngineException.InvalidArgument(
        "the seccomp profile cannot be used: "
            + why
            + "; see runtime-spec, config-linux.md, Seccomp");
  }
}
