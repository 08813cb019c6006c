package dev.kapal.runtime.oci;

import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerStats;
import java.time.Instant;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What {@code events --stats} and {@code state} print. */
final class EventStats {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private EventStats() {}

  private static JsonNode read(String json) {
    try {
      return MAPPER.readTree(json);
    } catch (JacksonException e) {
      throw new ContainerException.Failed(
          "The runtime answered with something that is no JSON; is it an OCI runtime?", e);
    }
  }

  static ContainerStats parse(String json) {
    JsonNode data = read(json).path("data");
    JsonNode cpu = data.path("cpu").path("usage");
    JsonNode memory = data.path("memory");
    JsonNode usage = memory.path("usage");
    long limit = usage.path("limit").asLong(0);
    long pids = data.path("pids").path("limit").asLong(0);
    return new ContainerStats(
        Instant.now(),
        new ContainerStats.Cpu(
            cpu.path("total").asLong(0),
            cpu.path("user").asLong(0),
            cpu.path("kernel").asLong(0),
            0,
            0,
            0),
        new ContainerStats.Memory(
            usage.path("usage").asLong(0),
            usage.path("max").asLong(0),
            limit <= 0 ? -1 : limit,
            memory.path("swap").path("usage").asLong(0),
            memory.path("raw").path("total_inactive_file").asLong(0),
            memory.path("raw").path("total_rss").asLong(0),
            0),
        data.path("pids").path("current").asLong(0),
        pids <= 0 ? -1 : pids,
        List.of());
  }

  static String status(String json) {
    return read(json).path("status").asString("");
  }
}
