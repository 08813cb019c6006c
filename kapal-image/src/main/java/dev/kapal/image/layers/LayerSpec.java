package dev.kapal.image.layers;

import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.ImageConfig;
import dev.kapal.oci.Manifest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A layer to have unpacked.
 *
 * @param chainId its name
 * @param parent chain of the layer below
 * @param diffId digest of the uncompressed layer
 * @param blob the compressed layer
 */
public record LayerSpec(Digest chainId, Optional<Digest> parent, Digest diffId, Descriptor blob) {
  /** The layers of an image, base first; both documents have as many. */
  public static List<LayerSpec> of(Manifest manifest, ImageConfig config) {
    List<Digest> diffs = config.rootfs().diffIds();
    List<Digest> chain = Chain.ids(diffs);
    List<LayerSpec> all = new ArrayList<>();
    for (int i = 0; i < diffs.size(); i++) {
      all.add(
          new LayerSpec(
              chain.get(i),
              i == 0 ? Optional.empty() : Optional.of(chain.get(i - 1)),
              diffs.get(i),
              manifest.layers().get(i)));
    }
    return List.copyOf(all);
  }
}
