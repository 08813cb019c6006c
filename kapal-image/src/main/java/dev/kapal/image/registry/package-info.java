/**
 * What a registry can do for an image (OCI distribution-spec 1.1), as interfaces and values.
 *
 * <p>The working client is {@code client.RegistryClient}; the packages below this one read its
 * configuration ({@code hosts}), keep its credentials ({@code auth}) and carry its bytes ({@code
 * http}).
 */
@NullMarked
package dev.kapal.image.registry;

import org.jspecify.annotations.NullMarked;
