package dev.kapal.image.layers;

import dev.kapal.oci.Digest;
import java.util.Optional;

/**
 * What is known of an unpacked layer; kept beside it as {@code meta.json}.
 *
 * @param chainId image-spec "Layer ChainID": names the layer and all below it
 * @param parent chain of the layer below
 * @param diffId digest of the uncompressed layer
 * @param tarBytes length of the uncompressed layer
 * @param fileBytes sum of the lengths of its files
 * @param inodes how many there are, root excluded
 * @param bootId the boot that it was unpacked in: without the mark that it was synced, a layer of
 *     another boot is not trusted
 */
public record LayerMeta(
    Digest chainId,
    Optional<Digest> parent,
    Digest diffId,
    long tarBytes,
    long fileBytes,
    long inodes,
    String bootId) {}
