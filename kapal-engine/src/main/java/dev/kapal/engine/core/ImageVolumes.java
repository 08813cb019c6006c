package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.files.OverlayRoot;
import dev.kapal.engine.spec.MountSpec;
import dev.kapal.engine.store.ContainerRecord;
import dev.kapal.image.Image;
import dev.kapal.image.Snapshot;
import dev.kapal.image.SnapshotOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Images that containers have mounted. Each has a snapshot, so that its layers stay; nothing is
 * ever written to that.
 */
final class ImageVolumes {
  private final Hub hub;

  ImageVolumes(Hub hub) {
    this.hub = hub;
  }

  /** The mounts with images named by their IDs. */
  List<MountSpec> resolve(List<MountSpec> mounts) {
    List<MountSpec> all = new ArrayList<>();
    for (MountSpec m : mounts) {
      all.add(m.type() == MountSpec.Type.IMAGE ? m.withSource(image(m).id().toString()) : m);
    }
    return all;
  }

  private Image image(MountSpec m) {
    return hub.images
        .find(m.source())
        .orElseThrow(() ->
            new EngineException.NotFound(
                "there is no image \"" + m.source() + "\" to mount here: pull or load it first"));
  }

  /** Makes what a container's mounts need; {@link #remove} takes it back. */
  void prepare(ContainerRecord c) {
    int number = 0;
    for (MountSpec m : c.mountSpecs()) {
      number++;
      if (m.type() == MountSpec.Type.IMAGE) {
        hub.images
            .snapshots()
            .prepare(
                key(c.id(), number),
                image(m),
                SnapshotOptions.NONE.with(hub.config.containers().snapshotter(c.runtime())));
      }
    }
  }

  /** Idempotent. */
  void remove(ContainerRecord c) {
    int number = 0;
    for (MountSpec m : c.mountSpecs()) {
      number++;
      if (m.type() == MountSpec.Type.IMAGE) {
        hub.images.snapshots().remove(key(c.id(), number));
      }
    }
  }

  private static String key(String container, int number) {
    return container + ".image" + number;
  }

  /** The container that a snapshot belongs to. */
  static String owner(String key) {
    int dot = key.indexOf('.');
    return dot < 0 ? key : key.substring(0, dot);
  }

  /** Where the image's files are on the host, for a run. */
  String mount(ContainerRecord c, MountSpec m, int number) {
    Snapshot snapshot =
        hub.images
            .snapshots()
            .find(key(c.id(), number))
            .orElseThrow(() ->
                new EngineException.SystemFailure(
                    "the files of image " + m.source() + " are gone: make the container again"));
    Path run = hub.layout.run(c.id());
    Path tree = run.resolve("image" + number);
    try {
      Files.createDirectory(tree, Layout.PRIVATE);
    } catch (IOException e) {
      throw Layout.failure("make the directory", tree, e);
    }
    OverlayRoot.showImage(hub.linux, snapshot, tree);
    return m.subpath().isEmpty()
        ? tree.toString()
        : PinnedPath.pin(
            hub.linux,
            tree,
            m.subpath().get(),
            run.resolve("mount" + number),
            "image " + m.source());
  }
}
