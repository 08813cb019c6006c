package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.Fd;
import dev.kapal.oci.runtime.IdMapping;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.runtime.monitor.UserMaps;
import dev.kapal.runtime.plan.Arg;
import dev.kapal.runtime.plan.DescriptorSpec;
import dev.kapal.runtime.plan.LaunchPlan;
import dev.kapal.runtime.plan.Op;
import dev.kapal.runtime.plan.Step;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Hands plans to the thin program, with the descriptors that they want. */
final class Launcher {
  static final List<Front.Stream> OWN =
      List.of(new Front.Stream.Own(), new Front.Stream.Own(), new Front.Stream.Own());
  static final List<Front.Stream> NONE =
      List.of(new Front.Stream.Null(), new Front.Stream.Null(), new Front.Stream.Null());

  /**
   * What a plan may ask for.
   *
   * @param cgroup to be cloned into
   * @param listener to wait for the start at
   * @param state file in which the launch keeps how far it is
   * @param passed what it gets as its descriptors 3, 4, …; empty: the thin program's own
   */
  record Supplies(
      Optional<Cgroup> cgroup, Optional<Fd> listener, Optional<Fd> state, List<Fd> passed) {
    static final Supplies NOTHING =
        new Supplies(Optional.empty(), Optional.empty(), Optional.empty(), List.of());

    static Supplies of(Cgroup cgroup) {
      return new Supplies(Optional.of(cgroup), Optional.empty(), Optional.empty(), List.of());
    }

    static Supplies passing(List<Fd> passed) {
      return new Supplies(
          Optional.empty(), Optional.empty(), Optional.empty(), List.copyOf(passed));
    }

    private Front.Descriptor preserved(int index) {
      return passed.isEmpty()
          ? new Front.Descriptor.Own(3 + index)
          : new Front.Descriptor.Ours(passed.get(index));
    }
  }

  private final DropInHost host;
  private final Front front;
  private boolean sealed;

  Launcher(DropInHost host, Front front) {
    this.host = host;
    this.front = front;
  }

  /** Starts it; how it goes comes as events of that number. */
  int start(LaunchPlan plan, int flags, List<Front.Stream> streams, Supplies supplies) {
    if (!sealed) {
      front.become(host.executable());
      sealed = true;
    }
    List<Fd> mine = new ArrayList<>();
    Map<DescriptorSpec.IdMap, Fd> maps = new HashMap<>();
    try (Fd memfd = host.linux().memfds().create("kapal-plan", plan.encode())) {
      List<Front.Descriptor> slots = new ArrayList<>();
      for (DescriptorSpec spec : plan.descriptors()) {
        slots.add(
            switch (spec) {
              case DescriptorSpec.Preserved(int index) -> supplies.preserved(index);
              case DescriptorSpec.CgroupDirectory() -> {
                Fd fd =
                    supplies
                        .cgroup()
                        .flatMap(Cgroup::openUnified)
                        .orElseThrow(
                            () -> new CommandFailed("the control group has no v2 directory"));
                mine.add(fd);
                yield new Front.Descriptor.Ours(fd);
              }
              case DescriptorSpec.StartListener() ->
                  new Front.Descriptor.Ours(supplies.listener().orElseThrow());
              case DescriptorSpec.IdMap map -> new Front.Descriptor.Ours(idMap(map, maps));
            });
      }
      int state = supplies.state().isPresent() ? Front.STATE : 0;
      return front.launch(
          new Front.Request(flags | state, memfd, supplies.state(), streams, slots));
    } finally {
      mine.forEach(Fd::close);
      maps.values().forEach(Fd::close);
    }
  }

  private Fd idMap(DescriptorSpec.IdMap map, Map<DescriptorSpec.IdMap, Fd> maps) {
    Fd known = maps.get(map);
    if (known != null) {
      return known;
    }
    Fd made = namespace(map.uids(), map.gids());
    maps.put(map, made);
    return made;
  }

  /** A user namespace that only serves as an id map: a process that waits in it, and is killed. */
  private Fd namespace(List<IdMapping> uids, List<IdMapping> gids) {
    Step wait =
        new Step(
            Op.SYNC,
            "",
            0,
            List.of(Arg.of(LaunchPlan.SYNC_MAPS)),
            Optional.empty(),
            0,
            List.of(),
            "get the id maps of a mount");
    LaunchPlan plan =
        new LaunchPlan(
            host.facts().arch().elfMachine(),
            List.of(),
            List.of(wait),
            List.of(),
            1,
            NamespaceType.USER.cloneFlag(),
            0,
            Optional.empty(),
            List.of());
    int launch = start(plan, 0, NONE, Supplies.NOTHING);
    if (!(front.next(launch) instanceof Front.Event.Sync sync)) {
      throw new CommandFailed("a user namespace for id-mapped mounts cannot be made");
    }
    try {
      UserMaps.write(host.linux(), sync.pid(), uids, gids);
      return host.linux().descriptors().open("/proc/" + sync.pid() + "/ns/user", O_RDONLY);
    } finally {
      front.kill(launch, 9);
      while (!(front.next(launch) instanceof Front.Event.Exited)) {}
    }
  }
}
