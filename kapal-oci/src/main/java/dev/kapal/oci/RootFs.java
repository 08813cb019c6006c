package dev.kapal.oci;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;

/**
 * The layers of an image by their uncompressed digests (image-spec "Image Configuration", rootfs).
 *
 * @param type always {@code layers}
 * @param diffIds digests of the uncompressed layers, base first
 */
public record RootFs(String type, @JsonProperty("diff_ids") List<Digest> diffIds) {
  /** Checks and copies. */
  @SuppressWarnings("ConstantValue") // Jackson passes null for what the document leaves out
  public RootFs {
    type = type == null || type.isEmpty() ? "layers" : type;
    diffIds = Copies.list(diffIds);
  }

  /** Layers with these digests. */
  public static RootFs of(List<Digest> diffIds) {
    return new RootFs("layers", diffIds);
  }
}
