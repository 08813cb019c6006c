package dev.kapal.image;

import dev.kapal.oci.Digest;
import java.util.List;

/** Knows what containers there are. The engine is it. */
@FunctionalInterface
public interface ImageUsers {
  /** Nothing uses any image. */
  ImageUsers NONE = image -> List.of();

  /** The names of the containers made from this image, running or not. */
  List<String> of(Digest image);
}
