package dev.kapal.oci.runtime;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;

/** Intel resource director technology (config-linux.md, IntelRdt). */
public record IntelRdt(
    @JsonProperty("closID") String closId,
    List<String> schemata,
    String l3CacheSchema,
    String memBwSchema,
    boolean enableMonitoring) {
  /** Absent members get their defaults. */
  public IntelRdt {
    closId = Defaults.string(closId);
    schemata = Defaults.list(schemata);
    l3CacheSchema = Defaults.string(l3CacheSchema);
    memBwSchema = Defaults.string(memBwSchema);
  }
}
