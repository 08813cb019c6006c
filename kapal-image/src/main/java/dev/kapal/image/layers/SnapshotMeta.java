package dev.kapal.image.layers;

import dev.kapal.oci.Digest;
import java.util.Optional;

/**
 * What is known of a snapshot; kept in it as {@code meta.json}.
 *
 * @param key its name
 * @param image the image's id
 * @param top chain of the image's topmost layer
 */
public record SnapshotMeta(String key, Digest image, Optional<Digest> top) {}
