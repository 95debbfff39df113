import raw from '../../resources/catalogue/models.json' with { type: 'json' };
import { type Catalogue, catalogueSchema } from '../domain/capacity/catalogue.ts';

/** The model catalogue that the console is shipped with. @throws ZodError when it was shipped broken. */
export const catalogue: Catalogue = catalogueSchema.parse(raw);
