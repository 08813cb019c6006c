package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.MountInfo;
import dev.kapal.oci.runtime.IntelRdt;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A container's share of caches and memory bandwidth: its class of service (CLOS) in the kernel's
 * resctrl file system (config-linux.md, IntelRdt). A class that the config does not name has the
 * container's id and goes with it; a named one stays, since others may be in it. The same config
 * and id always mean the same directories, so nothing else has to be written down.
 */
final class ResourceControl {
  /** Names that the kernel itself uses in each directory. */
  private static final Set<String> TAKEN = Set.of(".", "..", "info", "mon_data", "mon_groups");

  /** Variable that says where resctrl is, for hosts whose mount table does not. */
  private static final String PLACE = "KAPAL_RESCTRL";

  private static final int LONGEST = 1 << 16;

  private final Linux linux;
  private final String root;
  private final IntelRdt rdt;
  private final String id;

  ResourceControl(Linux linux, String root, IntelRdt rdt, String id) {
    this.linux = linux;
    this.root = root;
    this.rdt = rdt;
    this.id = id;
  }

  /** That of a container whose config wants it; empty: resctrl is not mounted, either. */
  static Optional<ResourceControl> find(Session session, Optional<IntelRdt> rdt, String id) {
    Linux linux = session.host().linux();
    return rdt.flatMap(r ->
        Optional.ofNullable(session.command().environment().get(PLACE))
            .or(() ->
                linux.mounts().mountInfo().stream()
                    .filter(m -> m.type().equals("resctrl"))
                    .map(MountInfo::mountPoint)
                    .findFirst())
            .map(root -> new ResourceControl(linux, root, r, id)));
  }

  /** That of a container that is to be made; nothing is changed before all of it is looked at. */
  static Optional<ResourceControl> checked(Session session, Optional<IntelRdt> rdt, String id) {
    Optional<ResourceControl> control = find(session, rdt, id);
    if (rdt.isPresent() && control.isEmpty()) {
      throw new CommandFailed(
          "linux.intelRdt needs resctrl, which is not mounted: if this processor has Intel RDT,"
              + " mount -t resctrl resctrl /sys/fs/resctrl");
    }
    control.ifPresent(ResourceControl::check);
    return control;
  }

  /** Refuses what cannot be done, with nothing changed: before anything is made or kept. */
  void check() {
    checkConfig();
    checkPlace();
  }

  /** As {@link #check} before a class that is there already gets other schemata. */
  void checkUpdate() {
    checkConfig();
    Schemata.parse(Schemata.combined(rdt));
  }

  private void checkConfig() {
    String name = name();
    if (!name.isEmpty() && (name.contains("/") || name.contains("\n") || TAKEN.contains(name))) {
      throw new CommandFailed(
          "linux.intelRdt: \"" + name + "\" cannot be the name of a class of service");
    }
    if (TAKEN.contains(id)) {
      throw new CommandFailed("linux.intelRdt: a container in it cannot be called " + id);
    }
    if (rdt.memBwSchema().contains("\n")
        || (!rdt.memBwSchema().isEmpty() && !rdt.memBwSchema().startsWith("MB:"))) {
      throw new CommandFailed("linux.intelRdt.memBwSchema has to be one line that begins with MB:");
    }
  }

  /** Its directory below the root; empty: the root itself, the default class. */
  private String name() {
    return rdt.closId().isEmpty() ? id : rdt.closId().equals("/") ? "" : rdt.closId();
  }

  private boolean own() {
    return rdt.closId().isEmpty();
  }

  private String path(String below) {
    String directory = name().isEmpty() ? root : root + "/" + name();
    return below.isEmpty() ? directory : directory + "/" + below;
  }

  private boolean exists(String path) {
    return linux.descriptors().lstatIfExists(Fd.CWD, path).isPresent();
  }

  private boolean asks() {
    return !rdt.l3CacheSchema().isEmpty()
        || !rdt.memBwSchema().isEmpty()
        || !rdt.schemata().isEmpty();
  }

  private void checkPlace() {
    List<String> combined = Schemata.combined(rdt);
    Schemata asked = Schemata.parse(combined);
    Schemata.parse(rdt.schemata());
    boolean there = exists(path(""));
    if (own()) {
      if (there) {
        throw new CommandFailed(
            "linux.intelRdt: there is a class of service " + id + " already that is not ours");
      }
      return;
    }
    if (!there && !asks()) {
      throw new CommandFailed(
          "linux.intelRdt: there is no class of service "
              + rdt.closId()
              + " in "
              + root
              + ", and no schema to make one with");
    }
    if (there && !combined.isEmpty()) {
      Optional<String> differs = asked.missingFrom(Schemata.parse(schemata()));
      if (differs.isPresent()) {
        throw new CommandFailed(
            "linux.intelRdt: the class of service "
                + rdt.closId()
                + " is there already, and does not have "
                + differs.get());
      }
    }
  }

  /** Makes what is missing and puts a process there whose children will be there, too. */
  void enter(int pid) {
    boolean made = make(path(""));
    try {
      if (asks()) {
        writeSchemata();
      }
      if (rdt.enableMonitoring()) {
        make(path("mon_groups/" + id));
      }
      join(pid);
    } catch (CommandFailed e) {
      if (made && !own()) {
        rmdir(path(""));
      }
      throw e;
    }
  }

  /** Gives the class the schemata that the config has now. */
  void update() {
    writeSchemata();
  }

  /** Puts a further process there. */
  void join(int pid) {
    write(path("tasks"), List.of(Integer.toString(pid)));
    if (rdt.enableMonitoring()) {
      write(path("mon_groups/" + id + "/tasks"), List.of(Integer.toString(pid)));
    }
  }

  /** As the other one, for a process that may have ended. */
  void joinIfThere(int pid) {
    if (exists("/proc/" + pid)) {
      join(pid);
    }
  }

  /** Removes what is the container's alone. It may be gone already. */
  void remove() {
    if (rdt.enableMonitoring()) {
      rmdir(path("mon_groups/" + id));
    }
    if (own()) {
      rmdir(path(""));
    }
  }

  private List<String> schemata() {
    try {
      return read(path("schemata")).lines().toList();
    } catch (ErrnoException e) {
      throw failed("read " + path("schemata"), e);
    }
  }

  private boolean make(String path) {
    try {
      linux.descriptors().mkdirat(Fd.CWD, path, 0755);
      return true;
    } catch (ErrnoException e) {
      if (e.is(Errno.EEXIST)) {
        return false;
      }
      throw failed("make " + path, e);
    }
  }

  private void rmdir(String path) {
    try {
      linux.descriptors().unlinkat(Fd.CWD, path, AT_REMOVEDIR);
    } catch (ErrnoException e) {
      if (!e.is(Errno.ENOENT)) {
        throw failed("remove " + path, e);
      }
    }
  }

  private String read(String path) {
    try (Fd file = linux.descriptors().open(path, O_RDONLY)) {
      return new String(linux.descriptors().readFully(file, LONGEST), StandardCharsets.UTF_8);
    }
  }

  /** The kernel takes each resource once in a write; what schemata says comes last and counts. */
  private void writeSchemata() {
    List<String> combined = Schemata.combined(rdt);
    write(
        path("schemata"), List.of(String.join("\n", combined), String.join("\n", rdt.schemata())));
  }

  private void write(String path, List<String> texts) {
    try (Fd file = linux.descriptors().open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600)) {
      for (String text : texts) {
        if (!text.isEmpty()) {
          linux.descriptors().writeFully(file, (text + "\n").getBytes(StandardCharsets.UTF_8));
        }
      }
    } catch (ErrnoException e) {
      throw failed("write " + String.join(", ", texts) + " to " + path, e);
    }
  }

  private CommandFailed failed(String what, ErrnoException e) {
    String said = e.errno().message();
    try {
      said = read(root + "/info/last_cmd_status").strip();
    } catch (ErrnoException _) {
      // It has none.
    }
    return new CommandFailed("linux.intelRdt: cannot " + what + ": " + said, e);
  }
}
