package dev.kapal.oci.runtime;

import com.fasterxml.jackson.annotation.JsonEnumDefaultValue;
import com.fasterxml.jackson.annotation.JsonProperty;

/** The kinds of Linux namespaces (config-linux.md, Namespaces; namespaces(7)). */
public enum NamespaceType {
  @JsonProperty("pid")
  PID(0x20000000, "pid"),
  @JsonProperty("network")
  NETWORK(0x40000000, "net"),
  @JsonProperty("mount")
  MOUNT(0x00020000, "mnt"),
  @JsonProperty("ipc")
  IPC(0x08000000, "ipc"),
  @JsonProperty("uts")
  UTS(0x04000000, "uts"),
  @JsonProperty("user")
  USER(0x10000000, "user"),
  @JsonProperty("cgroup")
  CGROUP(0x02000000, "cgroup"),
  @JsonProperty("time")
  TIME(0x00000080, "time"),
  /** A kind that this version does not know; validation refuses it. */
  @JsonEnumDefaultValue
  UNKNOWN(0, "");

  private final int cloneFlag;
  private final String procName;

  NamespaceType(int cloneFlag, String procName) {
    this.cloneFlag = cloneFlag;
    this.procName = procName;
  }

  /** The {@code CLONE_NEW*} flag of clone(2). */
  public int cloneFlag() {
    return cloneFlag;
  }

  /** The name of its file in {@code /proc/PID/ns}. */
  public String procName() {
    return procName;
  }
}
