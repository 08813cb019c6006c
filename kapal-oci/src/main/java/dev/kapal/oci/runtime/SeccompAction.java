package dev.kapal.oci.runtime;

import com.fasterxml.jackson.annotation.JsonEnumDefaultValue;
import com.fasterxml.jackson.annotation.JsonProperty;

/** What a seccomp filter answers (config-linux.md, Seccomp; seccomp(2)). */
public enum SeccompAction {
  @JsonProperty("SCMP_ACT_KILL_THREAD")
  KILL_THREAD,
  @JsonProperty("SCMP_ACT_KILL")
  KILL,
  @JsonProperty("SCMP_ACT_KILL_PROCESS")
  KILL_PROCESS,
  @JsonProperty("SCMP_ACT_TRAP")
  TRAP,
  @JsonProperty("SCMP_ACT_ERRNO")
  ERRNO,
  @JsonProperty("SCMP_ACT_TRACE")
  TRACE,
  @JsonProperty("SCMP_ACT_ALLOW")
  ALLOW,
  @JsonProperty("SCMP_ACT_LOG")
  LOG,
  @JsonProperty("SCMP_ACT_NOTIFY")
  NOTIFY,
  /** An action that this version does not know; validation refuses it. */
  @JsonEnumDefaultValue
  UNKNOWN
}
