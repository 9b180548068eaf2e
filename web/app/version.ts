import { version as packaged } from '../package.json';

/** The version of these pages. */
export const version: string = packaged;
