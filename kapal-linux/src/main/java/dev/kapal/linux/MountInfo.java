package dev.kapal.linux;

import java.util.List;

/**
 * One mount as /proc/PID/mountinfo shows it, see proc(5). Octal escapes are undone.
 *
 * @param id unique among live mounts
 * @param parent id of the mount that it is mounted on
 * @param device of the file system
 * @param root the directory of the file system that is mounted
 * @param mountPoint relative to the process's root
 * @param options of the mount, such as "rw", "nosuid"
 * @param optionalFields such as "shared:5", "master:3"
 * @param type of the file system, such as "ext4"
 * @param source what was mounted, or "none"
 * @param superOptions of the file system, such as "lowerdir=…"
 */
public record MountInfo(
    int id,
    int parent,
    Device device,
    String root,
    String mountPoint,
    List<String> options,
    List<String> optionalFields,
    String type,
    String source,
    List<String> superOptions) {

  /** Whether the mount propagates to and from peers. */
  public boolean isShared() {
    return optionalFields.stream().anyMatch(field -> field.startsWith("shared:"));
  }

  /**
   * Reads a whole mountinfo file.
   *
   * @throws ProcFormatException when a line is not as proc(5) says
   */
  public static List<MountInfo> parse(String text) {
    return MountInfoParser.parse(text);
  }
}
