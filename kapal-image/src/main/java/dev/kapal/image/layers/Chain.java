package dev.kapal.image.layers;

import dev.kapal.oci.Digest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Chain ids (image-spec "Layer ChainID"). */
public final class Chain {
  private Chain() {}

  /** The chain ids of layers with these diff ids, base first. */
  public static List<Digest> ids(List<Digest> diffIds) {
    List<Digest> chain = new ArrayList<>();
    for (Digest diff : diffIds) {
      chain.add(
          chain.isEmpty()
              ? diff
              : Digest.sha256((chain.getLast() + " " + diff).getBytes(StandardCharsets.UTF_8)));
    }
    return List.copyOf(chain);
  }
}
