package dev.kapal.oci.runtime;

import com.fasterxml.jackson.annotation.JsonEnumDefaultValue;
import com.fasterxml.jackson.annotation.JsonProperty;

/** How a seccomp rule compares an argument; all comparisons are of unsigned 64-bit numbers. */
public enum SeccompOperator {
  @JsonProperty("SCMP_CMP_NE")
  NE,
  @JsonProperty("SCMP_CMP_LT")
  LT,
  @JsonProperty("SCMP_CMP_LE")
  LE,
  @JsonProperty("SCMP_CMP_EQ")
  EQ,
  @JsonProperty("SCMP_CMP_GE")
  GE,
  @JsonProperty("SCMP_CMP_GT")
  GT,
  @JsonProperty("SCMP_CMP_MASKED_EQ")
  MASKED_EQ,
  /** An operator that this version does not know; validation refuses it. */
  @JsonEnumDefaultValue
  UNKNOWN
}
