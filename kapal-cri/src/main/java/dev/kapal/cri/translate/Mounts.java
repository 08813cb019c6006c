package dev.kapal.cri.translate;

import dev.kapal.cri.proto.ImageSpec;
import dev.kapal.cri.proto.Mount;
import dev.kapal.cri.proto.MountPropagation;
import dev.kapal.engine.spec.MountSpec;
import java.util.function.Function;

/** Mounts of containers, both ways. */
final class Mounts {
  private Mounts() {}

  /**
   * As the engine has it.
   *
   * @param images the ID of an image by its name
   */
  static MountSpec of(Mount mount, Function<String, String> images) {
    String target = mount.getContainerPath();
    if (target.isEmpty()) {
      throw new IllegalArgumentException("a mount has no container_path");
    }
    String inside = target.startsWith("/") ? target : "/" + target;
    checkRecursion(mount, inside);
    boolean image = !mount.getImage().getImage().isEmpty();
    if (image == !mount.getHostPath().isEmpty()) {
      throw new IllegalArgumentException(
          "the mount at "
              + inside
              + " needs a host_path or an image: one of both, and not both or neither");
    }
    return image
        ? image(mount, inside, images.apply(mount.getImage().getImage()))
        : bind(mount, inside);
  }

  /** Never to be written, whatever the request says. */
  private static MountSpec image(Mount mount, String inside, String id) {
    if (mount.getPropagation() != MountPropagation.PROPAGATION_PRIVATE) {
      throw new IllegalArgumentException(
          "the mount at " + inside + " is of an image: its propagation has to be private");
    }
    MountSpec.Builder spec =
        MountSpec.image(id, inside)
            .options(mount.getMountOptionsList())
            .idMappings(
                Namespaces.maps(mount.getUidMappingsList()),
                Namespaces.maps(mount.getGidMappingsList()));
    if (!mount.getImageSubPath().isEmpty()) {
      spec.subpath(mount.getImageSubPath());
    }
    return spec.build();
  }

  private static MountSpec bind(Mount mount, String inside) {
    return MountSpec.bind(mount.getHostPath(), inside)
        .options(mount.getMountOptionsList())
        .idMappings(
            Namespaces.maps(mount.getUidMappingsList()),
            Namespaces.maps(mount.getGidMappingsList()))
        .readOnly(mount.getReadonly())
        .recursiveReadOnly(mount.getRecursiveReadOnly())
        .propagation(
            switch (mount.getPropagation()) {
              case PROPAGATION_PRIVATE -> "rprivate";
              case PROPAGATION_HOST_TO_CONTAINER -> "rslave";
              case PROPAGATION_BIDIRECTIONAL -> "rshared";
              case UNRECOGNIZED ->
                  throw new IllegalArgumentException(
                      "the propagation of the mount at " + inside + " is unknown");
            })
        // As other engines do; a pod's hostPath of type DirectoryOrCreate leaves it to them.
        .createSource(true)
        .build();
  }

  private static void checkRecursion(Mount mount, String inside) {
    if (!mount.getRecursiveReadOnly()) {
      return;
    }
    if (!mount.getReadonly()) {
      throw new IllegalArgumentException(
          "the mount at " + inside + " is to be recursively read-only, but not read-only");
    }
    if (mount.getPropagation() != MountPropagation.PROPAGATION_PRIVATE) {
      throw new IllegalArgumentException(
          "the mount at "
              + inside
              + " is to be recursively read-only: that goes with private propagation only");
    }
  }

  /** As the interface tells of it. */
  static Mount message(MountSpec mount) {
    Mount.Builder message =
        Mount.newBuilder()
            .setContainerPath(mount.target())
            .setReadonly(mount.readOnly())
            .setRecursiveReadOnly(mount.recursiveReadOnly())
            .addAllMountOptions(mount.options())
            .setPropagation(
                switch (mount.propagation().orElse("rprivate")) {
                  case "rshared", "shared" -> MountPropagation.PROPAGATION_BIDIRECTIONAL;
                  case "rslave", "slave" -> MountPropagation.PROPAGATION_HOST_TO_CONTAINER;
                  default -> MountPropagation.PROPAGATION_PRIVATE;
                });
    mount.uidMappings().forEach(m -> message.addUidMappings(Namespaces.message(m)));
    mount.gidMappings().forEach(m -> message.addGidMappings(Namespaces.message(m)));
    if (mount.type() == MountSpec.Type.IMAGE) {
      message.setImage(ImageSpec.newBuilder().setImage(mount.source()));
      mount.subpath().ifPresent(message::setImageSubPath);
    } else {
      message.setHostPath(mount.source());
    }
    return message.build();
  }
}
