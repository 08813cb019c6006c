package dev.kapal.image;

import dev.kapal.image.registry.CredentialSource;
import dev.kapal.oci.Reference;

/**
 * What to push where.
 *
 * @param image name or id of an image of the store
 * @param target where to; without a tag or digest {@code latest}
 * @param credentials who asks
 */
public record PushRequest(String image, Reference target, CredentialSource credentials) {}
