package dev.kapal.linux;

import java.util.Locale;

/** Who makes control groups for containers. The kubelet and its runtime must agree about it. */
public enum CgroupDriver {
  /** The engine, in the cgroup file system. */
  CGROUPFS,
  /** systemd, which the engine asks for scopes below slices. */
  SYSTEMD;

  /** As the kubelet's and other engines' configurations spell it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
