package dev.kapal.image;

import dev.kapal.oci.Digest;
import java.time.Instant;

/**
 * A blob that is not complete.
 *
 * @param digest what it is to become
 * @param size bytes that are here
 * @param changed when the last of them was written
 */
public record Ingest(Digest digest, long size, Instant changed) {}
