/**
 * Who we are at a registry: challenges, tokens, Docker's and Podman's credential files, helpers.
 */
@NullMarked
package dev.kapal.image.registry.auth;

import org.jspecify.annotations.NullMarked;
