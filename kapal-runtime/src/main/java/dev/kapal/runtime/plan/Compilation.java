package dev.kapal.runtime.plan;

import static dev.kapal.runtime.plan.Kernel.*;

import dev.kapal.linux.MountFlags;
import dev.kapal.oci.runtime.Linux;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.ContainerException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the parts of one compilation share: inputs, sections, slots. The <em>host</em> section runs
 * with the launcher's privileges: it is the stage where there is a new user namespace, else the
 * init itself. An ordinary user has privileges in the user namespace alone: there it is the init,
 * too.
 */
final class Compilation {
  /**
   * Number of the descriptor that names a bind's source on kernels without open_tree; nothing else
   * goes so high.
   */
  private static final int FIXED_FROM = 900;

  private static final int FIXED_TO = 901;

  final HostFacts facts;
  final RuntimeConfig config;
  final Linux linux;
  final LaunchInputs inputs;
  final Section stage;
  final Section init;
  final Section.Slots slots = new Section.Slots();
  final List<DescriptorSpec> descriptors = new ArrayList<>();
  final List<String> warnings = new ArrayList<>();
  final boolean userNamespace;

  /** Whether the launcher may do more than the container's root: mounts are prepared outside. */
  final boolean outside;

  Compilation(RuntimeConfig config, HostFacts facts, LaunchInputs inputs) {
    this.config = config;
    this.linux = config.linux().orElse(Linux.empty());
    this.facts = facts;
    this.inputs = inputs;
    this.stage = new Section(facts.arch());
    this.init = new Section(facts.arch());
    this.userNamespace = linux.namespace(NamespaceType.USER).isPresent();
    this.outside = userNamespace && facts.identity().uid() == 0;
    for (int i = 0; i < inputs.preserveFds(); i++) {
      descriptor(new DescriptorSpec.Preserved(i), "passed " + i);
    }
  }

  Section host() {
    return outside ? stage : init;
  }

  Arg.Slot slot(String name) {
    return slots.get(name);
  }

  /** Descriptors have the first slots, so they are asked for before any other slot. */
  Arg.Slot descriptor(DescriptorSpec spec, String name) {
    Arg.Slot slot = slots.get(name);
    if (slot.number() != descriptors.size()) {
      throw new IllegalStateException("descriptor " + name + " after slots");
    }
    descriptors.add(spec);
    return slot;
  }

  boolean makes(NamespaceType type) {
    return linux.namespace(type).filter(n -> n.path().isEmpty()).isPresent();
  }

  Optional<String> joins(NamespaceType type) {
    return linux.namespace(type).flatMap(n -> n.path());
  }

  int directory() {
    return Kernel.directory(facts.arch());
  }

  boolean mountApi() {
    return facts.features().mountApi();
  }

  boolean mountSetattr() {
    return facts.features().mountSetattr();
  }

  static ContainerException unsupported(String message) {
    return new ContainerException.Unsupported(message);
  }

  /** Opens a path of the host. */
  Section.Draft openHost(Section s, String path, int flags, Arg.Slot out) {
    return s.call("openat", Arg.of(AT_FDCWD), Arg.of(path), Arg.of(flags | O_CLOEXEC), Arg.of(0))
        .out(out);
  }

  /** Opens a path as if the root were "/". */
  Section.Draft openIn(Section s, Arg.Slot in, String path, int flags, int how, Arg.Slot out) {
    return s.op(Op.OPEN_IN, in, Arg.of(path), Arg.of(flags | O_CLOEXEC), Arg.of(0), Arg.of(how))
        .out(out);
  }

  /** Opens a directory below the root as a mount target, making it if need be. */
  Arg.Slot targetDirectory(Section s, String path) {
    Arg.Slot target = slot("target");
    openIn(s, slot("root"), path, O_PATH | directory(), HOW_DIRECTORY, target);
    return target;
  }

  /** Opens a file below the root as a mount target, making it if need be. */
  Arg.Slot targetFile(Section s, String path) {
    Arg.Slot target = slot("target");
    openIn(s, slot("root"), path, O_PATH, HOW_FILE, target);
    return target;
  }

  /** mount(2) on the directory in a slot: by working directory, so that no path is involved. */
  void mountOn(Section s, Arg.Slot target, String source, String type, long flags, String data) {
    s.call("fchdir", target);
    mount(s, source, ".", type, flags, data);
  }

  /** mount(2); empty strings are NULL. */
  Section.Draft mount(
      Section s, String source, String target, String type, long flags, String data) {
    return s.call(
        "mount",
        textOrNull(source),
        Arg.of(target),
        textOrNull(type),
        Arg.of(flags),
        textOrNull(data));
  }

  static Arg textOrNull(String text) {
    return text.isEmpty() ? Arg.of(0) : Arg.of(text);
  }

  /** A detached copy of the mount at a descriptor. */
  Section.Draft cloneTree(Section s, Arg.Slot from, boolean recursive, Arg.Slot out) {
    return s.call(
            "open_tree",
            from,
            Arg.of(""),
            Arg.of(AT_EMPTY_PATH | OPEN_TREE_CLONE | O_CLOEXEC | (recursive ? AT_RECURSIVE : 0)))
        .out(out);
  }

  /** Attaches a detached mount on a descriptor. */
  void attach(Section s, Arg.Slot tree, Arg.Slot target) {
    s.call("move_mount", tree, Arg.of(""), target, Arg.of(""), Arg.of(MOVE_EMPTY_PATHS));
  }

  /** mount_setattr(2) on a descriptor. */
  void setAttributes(
      Section s, Arg.Slot mount, boolean recursive, long set, long clear, long propagation) {
    Bytes attr =
        Bytes.struct(32, b -> b.putLong(set).putLong(clear).putLong(propagation).putLong(0));
    s.call(
        "mount_setattr",
        mount,
        Arg.of(""),
        Arg.of(AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0)),
        Arg.of(attr),
        Arg.of(32));
  }

  /** Sets how a mount passes mounts on, one flag (MS_SHARED and so on, with MS_REC) at a time. */
  void propagation(Section s, List<Long> all, Arg.Slot mount) {
    for (long flags : all) {
      if (mountSetattr()) {
        boolean recursive = (flags & MountFlags.MS_REC) != 0;
        setAttributes(s, mount, recursive, 0, 0, flags & ~MountFlags.MS_REC);
      } else {
        change(s, mount, flags, "");
      }
    }
  }

  /** Binds what one descriptor names onto another one. */
  void bind(Section s, Arg.Slot from, Arg.Slot target, boolean recursive) {
    if (mountApi()) {
      Arg.Slot tree = slot("tree");
      cloneTree(s, from, recursive, tree);
      attach(s, tree, target);
    } else {
      s.call("dup3", from, Arg.of(FIXED_FROM), Arg.of(O_CLOEXEC));
      s.call("dup3", target, Arg.of(FIXED_TO), Arg.of(O_CLOEXEC));
      mount(
          s,
          fixed(FIXED_FROM),
          fixed(FIXED_TO),
          "",
          MountFlags.MS_BIND | (recursive ? MountFlags.MS_REC : 0),
          "");
    }
  }

  /**
   * mount(2) that changes the mount whose root a descriptor names: a remount or a change of
   * propagation.
   */
  Section.Draft change(Section s, Arg.Slot mount, long flags, String data) {
    s.call("dup3", mount, Arg.of(FIXED_TO), Arg.of(O_CLOEXEC));
    return mount(s, "", fixed(FIXED_TO), "", flags, data);
  }

  private static String fixed(int number) {
    return "/proc/self/fd/" + number;
  }

  LaunchPlan plan(long cloneFlags, Optional<Integer> cgroupSlot) {
    return new LaunchPlan(
        facts.arch().elfMachine(),
        stage.steps(),
        init.steps(),
        descriptors,
        slots.size(),
        cloneFlags,
        inputs.stdio() & ProcessPlan.STDIO,
        cgroupSlot,
        warnings);
  }
}
