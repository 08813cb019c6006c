package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import dev.kapal.linux.MountFlags;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What the options of a local volume ({@code type}, {@code device}, {@code o}) mean to mount(2).
 *
 * @param data options that are the file system's own
 */
record VolumeOptions(String type, String device, long flags, String data) {
  private static final Map<String, Long> FLAGS =
      Map.ofEntries(
          Map.entry("ro", MountFlags.MS_RDONLY),
          Map.entry("nosuid", MountFlags.MS_NOSUID),
          Map.entry("nodev", MountFlags.MS_NODEV),
          Map.entry("noexec", MountFlags.MS_NOEXEC),
          Map.entry("sync", MountFlags.MS_SYNCHRONOUS),
          Map.entry("dirsync", MountFlags.MS_DIRSYNC),
          Map.entry("noatime", MountFlags.MS_NOATIME),
          Map.entry("nodiratime", MountFlags.MS_NODIRATIME),
          Map.entry("relatime", MountFlags.MS_RELATIME),
          Map.entry("strictatime", MountFlags.MS_STRICTATIME),
          Map.entry("bind", MountFlags.MS_BIND),
          Map.entry("rbind", MountFlags.MS_BIND | MountFlags.MS_REC),
          Map.entry("rw", 0L),
          Map.entry("defaults", 0L));

  static VolumeOptions parse(Map<String, String> options) {
    for (String key : options.keySet()) {
      if (!List.of("type", "device", "o").contains(key)) {
        throw new EngineException.InvalidArgument(
            "volume option \"" + key + "\" is not known: use type, device and o, as for mount(8)");
      }
    }
    String type = options.getOrDefault("type", "");
    String device = options.getOrDefault("device", "");
    long flags = 0;
    List<String> data = new ArrayList<>();
    for (String o : options.getOrDefault("o", "").split(",", -1)) {
      if (o.isEmpty()) {
        continue;
      }
      Long flag = FLAGS.get(o);
      if (flag == null) {
        data.add(o);
      } else {
        flags |= flag;
      }
    }
    boolean bind = (flags & MountFlags.MS_BIND) != 0;
    if (type.isEmpty() || (device.isEmpty() && !type.equals("tmpfs"))) {
      throw new EngineException.InvalidArgument(
          "volume options need a type and a device, as in type=tmpfs,device=tmpfs or"
              + " type=none,o=bind,device=/srv/data");
    }
    if (type.equals("none") && !bind) {
      throw new EngineException.InvalidArgument(
          "a volume of type none is a bind mount: add o=bind");
    }
    if (bind && !device.startsWith("/")) {
      throw new EngineException.InvalidArgument(
          "volume device \""
              + device
              + "\" is not absolute: a bind mount needs a path of the host");
    }
    return new VolumeOptions(bind ? "" : type, device, flags, String.join(",", data));
  }
}
