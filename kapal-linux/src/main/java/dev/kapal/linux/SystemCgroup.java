package dev.kapal.linux;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/** The real control group. */
final class SystemCgroup implements Cgroup {
  private final List<CgroupHierarchy> hierarchies;
  private final String path;

  SystemCgroup(List<CgroupHierarchy> hierarchies, String path) {
    this.hierarchies = hierarchies;
    this.path = path;
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public boolean exists() {
    return folders().stream().anyMatch(CgroupFolder::exists);
  }

  private List<CgroupFolder> folders() {
    return hierarchies.stream().map(hierarchy -> hierarchy.folder(path)).toList();
  }

  @Override
  public Map<String, String> directories() {
    Map<String, String> all = new LinkedHashMap<>();
    for (CgroupHierarchy hierarchy : hierarchies) {
      String folder = hierarchy.folder(path).path();
      if (hierarchy.unified()) {
        all.put("", folder);
      } else {
        hierarchy.controllers().forEach(controller -> all.put(controller, folder));
      }
    }
    return all;
  }

  @Override
  public List<Fd> openProcs() {
    List<Fd> all = new ArrayList<>();
    try {
      folders().forEach(folder -> all.add(folder.open("cgroup.procs", Fcntl.O_WRONLY)));
      return List.copyOf(all);
    } catch (ErrnoException e) {
      all.forEach(Fd::close);
      throw failure("open", e);
    }
  }

  @Override
  public Optional<Fd> openUnified() {
    try {
      return hierarchies.stream()
          .filter(CgroupHierarchy::unified)
          .findFirst()
          .map(h -> h.folder(path).open("", Fcntl.O_RDONLY | Fcntl.O_DIRECTORY));
    } catch (ErrnoException e) {
      throw failure("open", e);
    }
  }

  @Override
  public void add(int pid) {
    try {
      folders().forEach(folder -> folder.write("cgroup.procs", Integer.toString(pid)));
    } catch (ErrnoException e) {
      if (e.is(Errno.EBUSY)) {
        throw new CgroupException(
            "cannot move process "
                + pid
                + " into the control group "
                + path
                + ": it enables controllers for groups below, so cgroup v2 allows no processes in it;"
                + " use a group below",
            e);
      }
      throw failure("move process " + pid + " into", e);
    }
  }

  @Override
  public List<String> set(CgroupResources resources) {
    return new CgroupLimits(hierarchies, path).set(resources);
  }

  @Override
  public void freeze(Duration timeout) {
    freezer().freeze(timeout);
  }

  @Override
  public void thaw(Duration timeout) {
    freezer().thaw(timeout);
  }

  @Override
  public boolean isFrozen() {
    return CgroupFreezer.find(hierarchies, path).map(CgroupFreezer::isFrozen).orElse(false);
  }

  private CgroupFreezer freezer() {
    return CgroupFreezer.find(hierarchies, path)
        .orElseThrow(() ->
            new CgroupException(
                "cannot freeze the control group "
                    + path
                    + ": this host has neither the freezer of cgroup v1 nor cgroup v2 since"
                    + " Linux 5.2, or the group does not exist"));
  }

  @Override
  public void kill(Duration timeout) {
    new CgroupKiller(hierarchies, path, this::processes).kill(timeout);
  }

  @Override
  public List<Integer> processes() {
    try {
      // Usually the same in all of them, but a launch that broke off may have got half-way.
      TreeSet<Integer> all = new TreeSet<>();
      folders().forEach(folder -> all.addAll(folder.processes()));
      return List.copyOf(all);
    } catch (ErrnoException e) {
      throw failure("list the processes of", e);
    }
  }

  @Override
  public CgroupStats stats() {
    try {
      return new CgroupStatsReader(hierarchies, path).read();
    } catch (ErrnoException e) {
      throw failure("read the statistics of", e);
    }
  }

  @Override
  public long oomKills() {
    return CgroupOom.kills(hierarchies, path);
  }

  @Override
  public Optional<OomSource> oomSource() {
    try {
      return CgroupOom.source(hierarchies, path);
    } catch (ErrnoException e) {
      throw failure("watch", e);
    }
  }

  @Override
  public void delete(Duration timeout) {
    long end = System.nanoTime() + timeout.toNanos();
    long pause = 200_000;
    try {
      while (!removeAll()) {
        if (System.nanoTime() > end) {
          throw new CgroupException(
              "cannot remove the control group "
                  + path
                  + ": still in use by the processes "
                  + processes()
                  + "; kill them first");
        }
        Polling.pause(pause);
        pause = Math.min(pause * 2, 20_000_000);
      }
    } catch (ErrnoException e) {
      throw failure("remove", e);
    }
  }

  private boolean removeAll() {
    boolean all = true;
    for (CgroupFolder folder : folders()) {
      all &= folder.remove();
    }
    return all;
  }

  private CgroupException failure(String what, ErrnoException e) {
    return new CgroupException(
        "cannot " + what + " the control group " + path + ": " + e.getMessage(), e);
  }
}
