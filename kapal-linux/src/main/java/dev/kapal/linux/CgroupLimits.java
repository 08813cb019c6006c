package dev.kapal.linux;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Writes limits to wherever their controllers are. */
final class CgroupLimits {
  private static final List<String> CONTROLLERS =
      List.of("cpuset", "cpu", "memory", "pids", "blkio", "hugetlb");

  private final List<CgroupHierarchy> hierarchies;
  private final String path;
  private final List<String> warnings = new ArrayList<>();

  CgroupLimits(List<CgroupHierarchy> hierarchies, String path) {
    this.hierarchies = hierarchies;
    this.path = path;
  }

  List<String> set(CgroupResources resources) {
    for (String controller : CONTROLLERS) {
      controller(controller, resources);
    }
    devices(resources);
    unified(resources.unified());
    return List.copyOf(warnings);
  }

  private void controller(String name, CgroupResources resources) {
    List<CgroupSetting> wanted = CgroupV1Settings.of(name, resources);
    if (wanted.isEmpty()) {
      return;
    }
    String inV2 = name.equals("blkio") ? "io" : name;
    Optional<CgroupHierarchy> v1 =
        CgroupHierarchy.with(hierarchies, name).filter(h -> !h.unified());
    Optional<CgroupHierarchy> v2 =
        CgroupHierarchy.with(hierarchies, inV2).filter(CgroupHierarchy::unified);
    if (v1.isPresent()) {
      CgroupFolder folder = v1.get().folder(path);
      checkUsage(folder, "memory.usage_in_bytes", name, resources.memory());
      write(
          v1.get(),
          folder,
          wanted.stream().map(s -> CgroupV1Settings.ofScheduler(s, folder::has)).toList());
    } else if (v2.isPresent()) {
      CgroupFolder folder = v2.get().folder(path);
      checkUsage(folder, "memory.current", name, resources.memory());
      write(v2.get(), folder, new CgroupV2Settings(folder::read).of(inV2, resources));
      if (name.equals("memory")) {
        CgroupV2Settings.withoutCounterpart(resources)
            .forEach(limit -> warnings.add(limit + " is not set: cgroup v2 has nothing like it"));
      }
    } else {
      warnings.add(
          "the limits "
              + wanted.stream().map(CgroupSetting::file).toList()
              + " are not set: this host has no control group controller "
              + name);
    }
  }

  private static void checkUsage(
      CgroupFolder folder, String file, String controller, CgroupResources.Memory memory) {
    long limit = memory.limit().orElse(-1L);
    if (controller.equals("memory") && memory.checkBeforeUpdate() && limit >= 0) {
      long usage = folder.number(file);
      if (usage > limit) {
        throw new CgroupException(
            "cannot limit memory to "
                + limit
                + " bytes: "
                + usage
                + " are in use; choose a higher limit or stop something first");
      }
    }
  }

  private void write(CgroupHierarchy hierarchy, CgroupFolder folder, List<CgroupSetting> settings) {
    List<CgroupSetting> refused = new ArrayList<>();
    for (CgroupSetting setting : settings) {
      if (!attempt(hierarchy, folder, setting)) {
        refused.add(setting);
      }
    }
    // Pairs that bound each other (quota and period, memory and memory with swap) go in either
    // order, depending on the values before: what was refused may be right now.
    refused.forEach(setting -> put(folder, setting));
  }

  /** False when the kernel says EINVAL, which may be due to the order. */
  private boolean attempt(CgroupHierarchy hierarchy, CgroupFolder folder, CgroupSetting setting) {
    if (!folder.has(setting.file())) {
      missing(hierarchy, setting);
      return true;
    }
    try {
      folder.write(setting.file(), setting.value());
      return true;
    } catch (ErrnoException e) {
      if (e.is(Errno.EINVAL)) {
        return false;
      }
      if (e.is(Errno.EOPNOTSUPP)) {
        warnings.add(setting.file() + " is not set: this kernel no longer supports it");
        return true;
      }
      throw refusal(folder, setting, e);
    }
  }

  private static void put(CgroupFolder folder, CgroupSetting setting) {
    try {
      folder.write(setting.file(), setting.value());
    } catch (ErrnoException e) {
      throw refusal(folder, setting, e);
    }
  }

  private static CgroupException refusal(
      CgroupFolder folder, CgroupSetting setting, ErrnoException e) {
    String hint =
        e.is(Errno.EBUSY) && setting.controller().equals("memory")
            ? "; " + folder.number("memory.usage_in_bytes") + " bytes are in use"
            : e.is(Errno.EINVAL) ? "; the value is outside of what the kernel allows here" : "";
    return new CgroupException(
        "cannot set "
            + setting.file()
            + " to "
            + setting.value()
            + ": "
            + e.errno()
            + " ("
            + e.errno().message()
            + ") at "
            + folder.path()
            + hint,
        e);
  }

  private void missing(CgroupHierarchy hierarchy, CgroupSetting setting) {
    boolean unlimited = setting.value().equals("max") || setting.value().equals("-1");
    if (unlimited) {
      return;
    }
    String why;
    if (setting.file().contains("swap") || setting.file().contains("memsw")) {
      why = "the kernel does not account for swap (boot with swapaccount=1)";
    } else if (hierarchy.unified() && !hasController(hierarchy, setting.controller())) {
      why =
          "the controller "
              + setting.controller()
              + " is not enabled: "
              + CgroupDelegation.explain(hierarchy, path, setting.controller());
    } else {
      why = "this kernel has no such file";
    }
    warnings.add(setting.file() + " is not set: " + why);
  }

  private boolean hasController(CgroupHierarchy hierarchy, String controller) {
    return CgroupDelegation.words(hierarchy.folder(path).read("cgroup.controllers").orElse(""))
        .contains(controller);
  }

  private void devices(CgroupResources resources) {
    if (resources.devices().isEmpty()) {
      return;
    }
    Optional<CgroupHierarchy> v1 = CgroupHierarchy.with(hierarchies, "devices");
    Optional<CgroupHierarchy> v2 =
        hierarchies.stream().filter(CgroupHierarchy::unified).findFirst();
    if (v1.isPresent()) {
      CgroupFolder folder = v1.get().folder(path);
      CgroupV1Settings.of("devices", resources).forEach(setting -> put(folder, setting));
    } else if (v2.isPresent()) {
      try (Fd directory = v2.get().folder(path).open("", Fcntl.O_RDONLY | Fcntl.O_DIRECTORY)) {
        DeviceProgramLoader.replace(directory, DeviceProgram.compile(resources.devices()));
      } catch (ErrnoException e) {
        throw new CgroupException(
            "cannot restrict devices of the control group " + path + ": " + e.getMessage(), e);
      }
    } else {
      warnings.add("the device rules are not set: this host has no control groups for them");
    }
  }

  private void unified(Map<String, String> files) {
    Optional<CgroupHierarchy> v2 =
        hierarchies.stream().filter(CgroupHierarchy::unified).findFirst();
    files.forEach((file, value) -> {
      if (!file.matches("[a-zA-Z0-9_]+\\.[a-zA-Z0-9_.]+")) {
        throw new CgroupException(
            ErrnoException.quote(file) + " is not the name of a file of cgroup v2");
      }
      String controller = file.substring(0, file.indexOf('.'));
      if (v2.isEmpty()) {
        warnings.add(file + " is not set: this host has no cgroup v2");
      } else if (attempt(
          v2.get(), v2.get().folder(path), new CgroupSetting(controller, file, value))) {
        return;
      } else {
        put(v2.get().folder(path), new CgroupSetting(controller, file, value));
      }
    });
  }
}
