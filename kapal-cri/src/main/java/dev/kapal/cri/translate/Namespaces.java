package dev.kapal.cri.translate;

import dev.kapal.cri.proto.IDMapping;
import dev.kapal.cri.proto.NamespaceOption;
import dev.kapal.cri.proto.UserNamespace;
import dev.kapal.engine.spec.NamespaceMode;
import dev.kapal.engine.spec.NamespaceMode.Kind;
import dev.kapal.engine.spec.NamespaceSpec;
import java.util.List;

/** Whose namespaces pods and containers are in. */
final class Namespaces {
  private static final NamespaceMode SHAREABLE = new NamespaceMode(Kind.SHAREABLE, "");

  private Namespaces() {}

  /** A pod's. */
  static NamespaceSpec ofPod(NamespaceOption options) {
    boolean hostNetwork = options.getNetwork() == dev.kapal.cri.proto.NamespaceMode.NODE;
    NamespaceSpec spec =
        NamespaceSpec.DEFAULT
            .withPid(
                switch (options.getPid()) {
                  case POD -> SHAREABLE;
                  case CONTAINER -> NamespaceMode.PRIVATE;
                  case NODE -> NamespaceMode.HOST;
                  case TARGET, UNRECOGNIZED -> throw unknown("pid", options.getPid(), "of a pod");
                })
            .withIpc(hostOrPrivate("ipc", options.getIpc()))
            // A name of its own makes sense with a network of its own.
            .withUts(hostNetwork ? NamespaceMode.HOST : NamespaceMode.PRIVATE);
    return options.hasUsernsOptions() ? user(spec, options.getUsernsOptions()) : spec;
  }

  private static NamespaceMode hostOrPrivate(String which, dev.kapal.cri.proto.NamespaceMode mode) {
    return switch (mode) {
      case POD, CONTAINER -> NamespaceMode.PRIVATE;
      case NODE -> NamespaceMode.HOST;
      case TARGET, UNRECOGNIZED -> throw unknown(which, mode, "of a pod");
    };
  }

  private static NamespaceSpec user(NamespaceSpec spec, UserNamespace options) {
    return switch (options.getMode()) {
      case NODE -> spec.withUser(NamespaceMode.HOST, List.of(), List.of());
      case POD -> {
        if (options.getUidsCount() == 0 || options.getGidsCount() == 0) {
          throw new IllegalArgumentException(
              "a pod's user namespace needs mappings of user and of group ids: give both");
        }
        yield spec.withUser(
            NamespaceMode.PRIVATE, maps(options.getUidsList()), maps(options.getGidsList()));
      }
      case CONTAINER, TARGET, UNRECOGNIZED ->
          throw unknown("user", options.getMode(), "of a pod: use POD or NODE");
    };
  }

  static List<NamespaceSpec.IdMapping> maps(List<IDMapping> maps) {
    return maps.stream().map(Namespaces::map).toList();
  }

  private static NamespaceSpec.IdMapping map(IDMapping m) {
    return new NamespaceSpec.IdMapping(
        Integer.toUnsignedLong(m.getContainerId()),
        Integer.toUnsignedLong(m.getHostId()),
        Integer.toUnsignedLong(m.getLength()));
  }

  static IDMapping message(NamespaceSpec.IdMapping m) {
    return IDMapping.newBuilder()
        .setContainerId((int) m.containerId())
        .setHostId((int) m.hostId())
        .setLength((int) m.size())
        .build();
  }

  /** A container's: those that are not its pod's. */
  static NamespaceSpec ofContainer(NamespaceOption options) {
    return switch (options.getPid()) {
      case POD -> NamespaceSpec.DEFAULT;
      case CONTAINER -> NamespaceSpec.DEFAULT.withPid(NamespaceMode.PRIVATE);
      case NODE -> NamespaceSpec.DEFAULT.withPid(NamespaceMode.HOST);
      case TARGET -> {
        if (options.getTargetId().isEmpty()) {
          throw new IllegalArgumentException(
              "the pid namespace is to be another container's, but none is named: set target_id");
        }
        yield NamespaceSpec.DEFAULT.withPid(
            new NamespaceMode(Kind.CONTAINER, options.getTargetId()));
      }
      case UNRECOGNIZED -> throw unknown("pid", options.getPid(), "of a container");
    };
  }

  private static IllegalArgumentException unknown(
      String which, dev.kapal.cri.proto.NamespaceMode mode, String whose) {
    return new IllegalArgumentException(
        "the mode " + mode + " is not one for the " + which + " namespace " + whose);
  }
}
