import { z } from 'zod';

/** Tags as most CloudFormation resources take them; recorded by nobody, so only their shape is checked. */
export const tagsShape = z.array(z.strictObject({ Key: z.string(), Value: z.string() })).optional();
