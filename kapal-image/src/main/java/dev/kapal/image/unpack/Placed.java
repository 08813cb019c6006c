package dev.kapal.image.unpack;

import dev.kapal.oci.Digest;

/**
 * What unpacking a layer gave.
 *
 * @param diffId digest of the uncompressed layer
 * @param tarBytes its length
 * @param fileBytes sum of the lengths of its regular files
 * @param entries how many there were
 */
public record Placed(Digest diffId, long tarBytes, long fileBytes, int entries) {}
