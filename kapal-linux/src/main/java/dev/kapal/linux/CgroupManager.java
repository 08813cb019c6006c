package dev.kapal.linux;

/** Makes and finds control groups. */
public interface CgroupManager {
  /** What it works with. */
  CgroupLayout layout();

  /**
   * Makes a group in every hierarchy, with the groups above it. In v2 the controllers are enabled
   * down the path as far as the kernel allows; {@link Cgroup#set} says why one could not be. v1
   * cpusets inherit from above. What exists already is used. Undone on failure.
   *
   * @param path such as "/kapal/4f2a": absolute from the mount points, no "." or ".."
   * @throws CgroupException when the path is none or the kernel refuses a directory
   */
  Cgroup create(String path);

  /** A group that may or may not exist. */
  Cgroup open(String path);
}
